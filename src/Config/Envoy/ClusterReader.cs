using System;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.cluster.v3.Cluster.</summary>
internal static class ClusterReader
{
    private const string Package = "envoy.config.cluster.v3.";
    private const string Core = "envoy.config.core.v3.";

    /// <summary>Reads a cluster.</summary>
    public static Cluster Read(Element element)
    {
        Message message = element.AsMessage(Package + "Cluster");
        ClusterType type = message.Enum("type", ClusterType.Static,
        [
            new("STATIC", 0, ClusterType.Static),
            new("STRICT_DNS", 1, ClusterType.StrictDns),
            new("LOGICAL_DNS", 2, ClusterType.LogicalDns),
            new("EDS", 3, ClusterType.Static, IsSupported: false),
            new("ORIGINAL_DST", 4, ClusterType.OriginalDestination),
        ]);
        var cluster = new Cluster
        {
            Name = message.RequiredText("name"),
            AltStatName = message.Text("alt_stat_name"),
            Type = type,
            Endpoints = message.Take("load_assignment") is { } load ? EndpointReader.Read(load) : [],
            ConnectTimeout = ReadConnectTimeout(message),
            PerConnectionBufferLimitBytes = message.Number(
                "per_connection_buffer_limit_bytes", Listener.DefaultBufferLimitBytes, min: 1),
            MaxRequestsPerConnection = message.Number("max_requests_per_connection", 0),
            CircuitBreaker = ReadCircuitBreakers(message),
            DnsRefreshRate = ReadRefreshRate(message),
            DnsLookupFamily = message.Enum("dns_lookup_family", DnsLookupFamily.Auto,
            [
                new("AUTO", 0, DnsLookupFamily.Auto),
                new("V4_ONLY", 1, DnsLookupFamily.V4Only),
                new("V6_ONLY", 2, DnsLookupFamily.V6Only),
                new("V4_PREFERRED", 3, DnsLookupFamily.V4Preferred),
                new("ALL", 4, DnsLookupFamily.All),
            ]),
            CleanupInterval = message.Duration("cleanup_interval", TimeSpan.FromSeconds(5)),
        };
        cluster = LoadBalancingReader.Read(message, cluster);
        cluster = ReadBinding(message, cluster);
        cluster = UpstreamProtocolReader.Read(message, cluster);
        ReadIgnored(message);
        message.End();
        return element.Context.Remember(cluster, element);
    }

    private static TimeSpan ReadConnectTimeout(Message message)
    {
        TimeSpan fallback = TimeSpan.FromSeconds(5);
        if (message.Take("connect_timeout") is not { } element)
        {
            return fallback;
        }

        TimeSpan timeout = element.AsDuration(fallback);
        if (timeout == TimeSpan.Zero)
        {
            element.Error("must be more than zero");
        }

        return timeout;
    }

    private static TimeSpan ReadRefreshRate(Message message)
    {
        TimeSpan fallback = TimeSpan.FromSeconds(5);
        if (message.Take("dns_refresh_rate") is not { } element)
        {
            return fallback;
        }

        TimeSpan rate = element.AsDuration(fallback);
        if (rate < TimeSpan.FromMilliseconds(1))
        {
            element.Error("must be 1 ms or more");
        }

        return rate;
    }

    private static CircuitBreaker ReadCircuitBreakers(Message message)
    {
        var result = new CircuitBreaker();
        if (message.Sub("circuit_breakers", Package + "CircuitBreakers") is not { } breakers)
        {
            return result;
        }

        foreach (Element element in breakers.Repeated("thresholds"))
        {
            Message limits = element.AsMessage(Package + "CircuitBreakers.Thresholds");
            bool isDefault = limits.Enum("priority", true, [new("DEFAULT", 0, true), new("HIGH", 1, false)]);
            var read = new CircuitBreaker(
                limits.Number("max_connections", 1024),
                limits.Number("max_pending_requests", 1024),
                limits.Number("max_requests", 1024),
                limits.Number("max_retries", 3),
                limits.Flag("track_remaining"));
            limits.End();
            if (isDefault)
            {
                result = read;
            }
            else
            {
                element.Note("changes nothing: no request has priority HIGH");
            }
        }

        breakers.End();
        return result;
    }

    private static Cluster ReadBinding(Message message, Cluster cluster)
    {
        if (message.Sub("upstream_bind_config", Core + "BindConfig") is { } bind)
        {
            List<SocketTarget> addresses = [];
            if (bind.Take("source_address") is { } source)
            {
                addresses.Add(AddressReader.ReadSocket(source, allowNames: false, needsPort: false));
            }

            foreach (Element extra in bind.Repeated("extra_source_addresses"))
            {
                Message holder = extra.AsMessage(Core + "ExtraSourceAddress");
                if (holder.Take("address") is { } address)
                {
                    addresses.Add(AddressReader.ReadSocket(address, allowNames: false, needsPort: false));
                }

                holder.End();
            }

            cluster = cluster with { BindAddresses = ValueList.From(addresses), BindFreely = bind.Flag("freebind") };
            bind.End();
        }

        if (message.Sub("upstream_connection_options", Package + "UpstreamConnectionOptions") is { } options)
        {
            cluster = options.Take("tcp_keepalive") is { } keepalive
                ? cluster with { TcpKeepalive = AddressReader.ReadKeepalive(keepalive) }
                : cluster;
            options.End();
        }

        return cluster;
    }

    private static void ReadIgnored(Message message)
    {
        message.Ignore("metadata", "nothing here reads metadata of a cluster");
        message.Ignore(
            "respect_dns_ttl", "the system's resolver tells no time to live; dns_refresh_rate decides");
        message.Ignore("wait_for_warm_on_init", "clusters in the file are ready at once");
        message.Ignore("typed_dns_resolver_config", "names are resolved by the system's servers");
        message.Ignore("ignore_health_on_host_removal", "there are no active health checks");
        message.Ignore("close_connections_on_host_health_failure", "there are no active health checks");
        foreach (Element filter in message.Repeated("filters"))
        {
            Message holder = filter.AsMessage(Package + "Filter");
            Message? config = AnyReader.OpenTypedConfig(holder);
            holder.End();
            if (config?.TypeName == "envoy.tcp.metadataexchange.config.MetadataExchange")
            {
                filter.Note("changes nothing: peers are not asked for their metadata");
            }
            else if (config is not null)
            {
                AnyReader.Refuse(config, "upstream network filter");
            }
        }
    }
}
