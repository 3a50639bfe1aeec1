using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.</summary>
internal static class TcpProxyReader
{
    /// <summary>Reads the settings.</summary>
    public static TcpProxySettings Read(Message message)
    {
        ValueList<TcpClusterShare> clusters = message.OneOf(required: true, "cluster", "weighted_clusters") switch
        {
            ("cluster", var name) => [new TcpClusterShare(name.AsText())],
            (_, var weighted) => ReadWeighted(weighted),
            null => [],
        };
        var settings = new TcpProxySettings
        {
            StatPrefix = message.RequiredText("stat_prefix"),
            Clusters = clusters,
            IdleTimeout = message.Duration("idle_timeout", TimeSpan.FromHours(1)),
            MaxDownstreamConnectionDuration = message.Duration("max_downstream_connection_duration", TimeSpan.Zero),
            MaxConnectAttempts = message.Count("max_connect_attempts", 1, min: 1),
            AccessLogs = message.Each("access_log", AccessLogReader.Read),
        };
        message.Enum("upstream_connect_mode", 0,
        [
            new("IMMEDIATE", 0, 0),
            new("ON_DOWNSTREAM_DATA", 1, 1, IsSupported: false),
            new("ON_DOWNSTREAM_TLS_HANDSHAKE", 2, 2, IsSupported: false),
        ]);
        message.End();
        return message.Element.Context.Remember(settings, message.Element);
    }

    private static ValueList<TcpClusterShare> ReadWeighted(Element element)
    {
        Message message = element.AsMessage(
            "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster");
        ValueList<TcpClusterShare> shares = message.Each("clusters", ReadShare);
        message.End();
        if (shares.Count == 0)
        {
            element.Error("no clusters are given");
        }

        return shares;
    }

    private static TcpClusterShare ReadShare(Element element)
    {
        Message message = element.AsMessage(
            "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy.WeightedCluster.ClusterWeight");
        var share = new TcpClusterShare(message.RequiredText("name"), message.Number("weight", 0, min: 1));
        if (share.Weight == 0)
        {
            element.Error("\"weight\" is missing");
        }

        message.End();
        return share;
    }
}
