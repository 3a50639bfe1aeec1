using System;
using System.Collections.Generic;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// Keeps the endpoints of a STRICT_DNS or LOGICAL_DNS cluster fresh, off the reactors. A failure keeps the last answer;
/// endpoints whose address stays keep their identity, and with it their connections.
/// </summary>
internal sealed class DnsRefresh : IDisposable
{
    /// <summary>Addresses taken of one name; a lying server cannot make us hold more.</summary>
    private const int AddressesMax = 1000;

    /// <summary>A name is asked for once a second at most, whatever the configuration says.</summary>
    private const long RefreshMsMin = 1000;

    /// <summary>Longest wait after failures, unless the refresh rate is longer.</summary>
    private const long BackoffMsMax = 60_000;

    private readonly ClusterRuntime _cluster;
    private readonly int _reactors;
    private readonly ILogger _log;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly CancellationTokenSource _stop = new();

    public DnsRefresh(
        ClusterRuntime cluster, int reactors, ILogger log,
        Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _cluster = cluster;
        _reactors = reactors;
        _log = log;
        _resolve = resolve ?? (static (name, cancel) => Dns.GetHostAddressesAsync(name, cancel));
    }

    /// <summary>Begins to refresh at the cluster's rate until disposed.</summary>
    /// <returns>Completes with the first answer, good or bad.</returns>
    public Task StartAsync()
    {
        Task<bool> first = RefreshAsync();
        _ = GoOnAsync(first);
        return first;
    }

    /// <summary>Resolves all names once, at the same time, and swaps the endpoints when they changed.</summary>
    /// <returns>True when every name was resolved.</returns>
    public async Task<bool> RefreshAsync()
    {
        ValueList<Endpoint> names = _cluster.Model.Endpoints;
        var answers = new Task<IPAddress[]?>[names.Count];
        for (int i = 0; i < answers.Length; i++)
        {
            answers[i] = ResolveAsync(names[i].Target.Host);
        }

        var endpoints = new List<EndpointRuntime>();
        Dictionary<(NetAddress, Endpoint), EndpointRuntime> known = Known();
        bool complete = true;
        for (int i = 0; i < answers.Length; i++)
        {
            IPAddress[]? addresses = await answers[i];
            if (addresses is null)
            {
                complete = false;
                KeepLast(names[i], known, endpoints);
            }
            else
            {
                Take(names[i], addresses, known, endpoints);
            }
        }

        if (!_stop.IsCancellationRequested)
        {
            Swap(endpoints, known);
        }

        return complete;
    }

    /// <summary>Milliseconds to the next resolution: the refresh rate, doubled for each failure in a row.</summary>
    /// <param name="rate">The cluster's refresh rate.</param>
    /// <param name="failures">Failures in a row.</param>
    /// <param name="random">Any number; spreads proxies that started together over a tenth of the time.</param>
    internal static long DelayMs(TimeSpan rate, int failures, ulong random)
    {
        long rateMs = Math.Max(RefreshMsMin, (long)rate.TotalMilliseconds);
        long delayMs = Math.Max(rateMs, Math.Min(rateMs << Math.Min(failures, 10), BackoffMsMax));
        return delayMs + (long)(random % (ulong)((delayMs / 10) + 1));
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task GoOnAsync(Task<bool> first)
    {
        CancellationToken stop = _stop.Token;
        int failures = await first ? 0 : 1;
        ulong random = (ulong)_cluster.Name.GetHashCode(StringComparison.Ordinal);
        while (!stop.IsCancellationRequested)
        {
            random = (random * 6364136223846793005UL) + 1442695040888963407UL;
            try
            {
#pragma warning disable RS0030 // Control work, off the reactors: no reactor timer here.
                await Task.Delay(
                    TimeSpan.FromMilliseconds(DelayMs(_cluster.Model.DnsRefreshRate, failures, random >> 33)), stop);
#pragma warning restore RS0030
            }
            catch (OperationCanceledException)
            {
                return;
            }

            failures = await RefreshAsync() ? 0 : failures + 1;
        }
    }

    private static void KeepLast(
        Endpoint name, Dictionary<(NetAddress, Endpoint), EndpointRuntime> known, List<EndpointRuntime> endpoints)
    {
        foreach (((NetAddress, Endpoint Model) key, EndpointRuntime endpoint) in known)
        {
            if (key.Model == name)
            {
                endpoints.Add(endpoint);
                known.Remove(key);
            }
        }
    }

    private void Take(
        Endpoint name, IPAddress[] addresses, Dictionary<(NetAddress, Endpoint), EndpointRuntime> known,
        List<EndpointRuntime> endpoints)
    {
        int count = Math.Min(addresses.Length, AddressesMax);
        if (_cluster.Model.Type == ClusterType.LogicalDns)
        {
            // A name that rotates its addresses must not cost the connections: the one in use stays while it is named.
            foreach (IPAddress ip in addresses)
            {
                if (known.Remove((NetAddress.From(ip, (ushort)name.Target.Port), name), out EndpointRuntime? inUse))
                {
                    endpoints.Add(inUse);
                    return;
                }
            }

            count = 1;
        }

        for (int i = 0; i < count; i++)
        {
            NetAddress address = NetAddress.From(addresses[i], (ushort)name.Target.Port);
            endpoints.Add(known.Remove((address, name), out EndpointRuntime? same)
                ? same
                : new EndpointRuntime(address, null, name, _reactors));
        }
    }

    /// <summary>Puts the new endpoints in force, when they are others, and retires the old ones.</summary>
    private void Swap(List<EndpointRuntime> endpoints, Dictionary<(NetAddress, Endpoint), EndpointRuntime> gone)
    {
        EndpointRuntime[] before = _cluster.Endpoints.All;
        if (gone.Count == 0 && endpoints.Count == before.Length)
        {
            return;
        }

        foreach (EndpointRuntime endpoint in gone.Values)
        {
            endpoint.IsRetired = true;
        }

        _cluster.Endpoints = new EndpointSet(
            [.. endpoints], _cluster.Model.HealthyPanicThresholdPercent, _cluster.Model.LocalityWeighted);
    }

    private async Task<IPAddress[]?> ResolveAsync(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return [literal];
        }

        try
        {
            IPAddress[] answer = Select(await _resolve(host, _stop.Token), _cluster.Model.DnsLookupFamily);
            if (answer.Length > 0)
            {
                return answer;
            }

            EngineLog.DnsFailed(_log, host, _cluster.Name, "no address of the wanted family");
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or ObjectDisposedException)
        {
            EngineLog.DnsFailed(_log, host, _cluster.Name, exception.Message);
        }

        return null;
    }

    /// <summary>The addresses of the wanted family, each once, in the order of the answer.</summary>
    private static IPAddress[] Select(IPAddress[] answer, DnsLookupFamily family)
    {
        var seen = new HashSet<IPAddress>();
        IPAddress[] distinct = Array.FindAll(answer, seen.Add);
        IPAddress[] v4 = Array.FindAll(distinct, static ip => ip.AddressFamily == AddressFamily.InterNetwork);
        IPAddress[] v6 = Array.FindAll(distinct, static ip => ip.AddressFamily == AddressFamily.InterNetworkV6);
        return family switch
        {
            DnsLookupFamily.V4Only => v4,
            DnsLookupFamily.V6Only => v6,
            DnsLookupFamily.V4Preferred => v4.Length > 0 ? v4 : v6,
            DnsLookupFamily.All => distinct,
            _ => v6.Length > 0 ? v6 : v4,
        };
    }

    private Dictionary<(NetAddress, Endpoint), EndpointRuntime> Known()
    {
        var known = new Dictionary<(NetAddress, Endpoint), EndpointRuntime>();
        foreach (EndpointRuntime endpoint in _cluster.Endpoints.All)
        {
            known[(endpoint.Address, endpoint.Model)] = endpoint;
        }

        return known;
    }
}
