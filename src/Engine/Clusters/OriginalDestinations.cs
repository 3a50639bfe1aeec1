using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Clusters;

/// <summary>
/// The endpoints of an original destination cluster on one reactor: made when first asked for, forgotten when unused
/// for the cluster's cleanup interval. Reactor thread only.
/// </summary>
internal sealed class OriginalDestinations
{
    /// <summary>
    /// Destinations remembered at once. Beyond, all without requests are forgotten; when that frees none, a new one is
    /// refused.
    /// </summary>
    public const int DestinationsMax = 16_384;

    /// <summary>Time between two searches for stale ones when full; each looks at all.</summary>
    private const long CleanMsMin = 100;

    private readonly Dictionary<NetAddress, Entry> _entries = [];
    private readonly List<NetAddress> _stale = [];
    private readonly Cluster _model;
    private readonly byte[] _field;
    private readonly int _reactors;
    private readonly long _cleanupMs;
    private long _cleanedMs;

    public OriginalDestinations(Cluster model, int reactors)
    {
        _model = model;
        _field = Encoding.UTF8.GetBytes(model.OriginalDestinationField ?? "");
        _reactors = reactors;
        _cleanupMs = (long)Math.Clamp(model.CleanupInterval.TotalMilliseconds, 100, int.MaxValue);
    }

    public EndpointRuntime? Pick(in PickContext context)
    {
        NetAddress address = context.OriginalDestination;
        if (_field.Length > 0 && context.Request is { } request
            && request.Fields.TryGet(_field, out ReadOnlySpan<byte> value)
            && NetAddress.TryParse(value, out NetAddress named))
        {
            address = named;
        }

        if (!address.HasValue)
        {
            return null;
        }

        if (_model.OriginalDestinationPort != 0)
        {
            address = address.WithPort((ushort)_model.OriginalDestinationPort);
        }

        long sinceCleanMs = context.NowMs - _cleanedMs;
        if (sinceCleanMs > _cleanupMs || (_entries.Count >= DestinationsMax && sinceCleanMs > CleanMsMin))
        {
            Clean(context);
        }

        if (!_entries.TryGetValue(address, out Entry? entry))
        {
            if (_entries.Count >= DestinationsMax)
            {
                return null;
            }

            var target = new SocketTarget(address.ToIPAddress()?.ToString() ?? "", address.Port);
            entry = new Entry(new EndpointRuntime(address, null, new Endpoint(target), _reactors));
            _entries.Add(address, entry);
        }

        entry.UsedMs = context.NowMs;
        return entry.Endpoint;
    }

    private void Clean(in PickContext context)
    {
        _cleanedMs = context.NowMs;
        long limitMs = _entries.Count >= DestinationsMax ? 0 : _cleanupMs;
        foreach ((NetAddress address, Entry entry) in _entries)
        {
            if (context.NowMs - entry.UsedMs >= limitMs
                && entry.Endpoint.PerReactor[context.ReactorIndex].ActiveRequests == 0)
            {
                entry.Endpoint.IsRetired = true;
                _stale.Add(address);
            }
        }

        foreach (NetAddress address in _stale)
        {
            _entries.Remove(address);
        }

        _stale.Clear();
    }

    private sealed class Entry(EndpointRuntime endpoint)
    {
        public EndpointRuntime Endpoint { get; } = endpoint;

        public long UsedMs { get; set; }
    }
}
