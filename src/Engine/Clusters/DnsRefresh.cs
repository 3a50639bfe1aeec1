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

    private readonly ClusterRuntime _cluster;
    private readonly int _reactors;
    private readonly ILogger _log;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly CancellationTokenSource _stop = new();

    public DnsRefresh(
        ClusterRuntime cluster, int reactors, ILogger log, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
    {
        _cluster = cluster;
        _reactors = reactors;
        _log = log;
        _resolve = resolve ?? (static (name, cancel) => Dns.GetHostAddressesAsync(name, cancel));
    }

    /// <summary>Resolves once; the caller decides whether to wait.</summary>
    public async Task RefreshAsync()
    {
        var endpoints = new List<EndpointRuntime>();
        Dictionary<(NetAddress, Endpoint), EndpointRuntime> known = Known();
        bool complete = true;
        foreach (Endpoint endpoint in _cluster.Model.Endpoints)
        {
            IPAddress[]? addresses = await ResolveAsync(endpoint.Target.Host);
            if (addresses is null)
            {
                complete = false;
                continue;
            }

            foreach (IPAddress ip in addresses)
            {
                NetAddress address = NetAddress.From(ip, (ushort)endpoint.Target.Port);
                endpoints.Add(known.TryGetValue((address, endpoint), out EndpointRuntime? same)
                    ? same
                    : new EndpointRuntime(address, null, endpoint, _reactors));
                known.Remove((address, endpoint));
            }
        }

        if (!complete && endpoints.Count == 0)
        {
            return;
        }

        foreach (((NetAddress _, Endpoint model), EndpointRuntime gone) in known)
        {
            if (!complete && _cluster.Model.Endpoints.Count > 1)
            {
                endpoints.Add(gone);
                continue;
            }

            _ = model;
            gone.IsRetired = true;
        }

        _cluster.Endpoints = new EndpointSet([.. endpoints], _cluster.Model.HealthyPanicThresholdPercent);
    }

    /// <summary>Refreshes at the cluster's rate until disposed.</summary>
    public async Task RunAsync()
    {
        CancellationToken stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            await RefreshAsync();
            try
            {
#pragma warning disable RS0030 // Control work, off the reactors: no reactor timer here.
                await Task.Delay(_cluster.Model.DnsRefreshRate, stop);
#pragma warning restore RS0030
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
    }

    private async Task<IPAddress[]?> ResolveAsync(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return [literal];
        }

        try
        {
            IPAddress[] answer = Select(await _resolve(host, _stop.Token));
            if (answer.Length > 0)
            {
                return answer;
            }

            EngineLog.DnsFailed(_log, host, _cluster.Name, "no address of the wanted family");
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException or OperationCanceledException)
        {
            EngineLog.DnsFailed(_log, host, _cluster.Name, exception.Message);
        }

        return null;
    }

    /// <summary>By the lookup family; a logical cluster takes the first.</summary>
    private IPAddress[] Select(IPAddress[] answer)
    {
        IPAddress[] v4 = Array.FindAll(answer, static ip => ip.AddressFamily == AddressFamily.InterNetwork);
        IPAddress[] v6 = Array.FindAll(answer, static ip => ip.AddressFamily == AddressFamily.InterNetworkV6);
        IPAddress[] chosen = _cluster.Model.DnsLookupFamily switch
        {
            DnsLookupFamily.V4Only => v4,
            DnsLookupFamily.V6Only => v6,
            DnsLookupFamily.V4Preferred => v4.Length > 0 ? v4 : v6,
            DnsLookupFamily.All => answer,
            _ => v6.Length > 0 ? v6 : v4,
        };
        int count = _cluster.Model.Type == ClusterType.LogicalDns ? 1 : AddressesMax;
        return chosen.Length > count ? chosen[..count] : chosen;
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
