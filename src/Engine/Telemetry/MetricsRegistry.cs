using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace FastMesh.Engine.Telemetry;

/// <summary>The tree a statistic stands in; the first word of its name.</summary>
internal enum StatScope : byte
{
    /// <summary>The process: <c>server.*</c> and other single values under their full name.</summary>
    Process,

    /// <summary><c>cluster.&lt;name&gt;.*</c>.</summary>
    Cluster,

    /// <summary><c>http.&lt;stat_prefix&gt;.*</c>.</summary>
    Http,

    /// <summary><c>listener.&lt;address&gt;.*</c>.</summary>
    Listener,

    /// <summary><c>tcp.&lt;stat_prefix&gt;.*</c>.</summary>
    Tcp,

    /// <summary><c>http2.*</c>, of all clients.</summary>
    Http2,

    /// <summary><c>cluster.&lt;name&gt;.http2.*</c>.</summary>
    ClusterHttp2,
}

/// <summary>What kind of number a statistic is.</summary>
internal enum StatKind : byte
{
    /// <summary>Only grows.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,

    /// <summary>A histogram.</summary>
    Distribution,
}

/// <summary>One statistic, summed over the reactors.</summary>
/// <param name="Scope">Its tree.</param>
/// <param name="Subject">Cluster, prefix or address; empty for the process.</param>
/// <param name="Name">Name below the subject; the full name for the process.</param>
/// <param name="Kind">What kind of number.</param>
/// <param name="Value">The number.</param>
/// <param name="Values">The values of a distribution, else null.</param>
internal readonly record struct StatSample(
    StatScope Scope, string Subject, string Name, StatKind Kind, long Value, Histogram? Values)
{
    /// <summary>Envoy's name.</summary>
    public string FullName => Scope switch
    {
        StatScope.Cluster => $"cluster.{Subject}.{Name}",
        StatScope.Http => $"http.{Subject}.{Name}",
        StatScope.Listener => $"listener.{Subject}.{Name}",
        StatScope.Tcp => $"tcp.{Subject}.{Name}",
        StatScope.Http2 => $"http2.{Name}",
        StatScope.ClusterHttp2 => $"cluster.{Subject}.http2.{Name}",
        _ => Name,
    };

    public bool IsUsed => Values is null ? Value != 0 : Values.Count != 0;
}

/// <summary>
/// Everything that is counted, by scope and subject, and the sum over the reactors when somebody asks. The blocks of a
/// subject live on while each configuration names it, and subjects of one name share them. One thread at a time changes
/// the registry (the one that applies configurations); any thread may read.
/// </summary>
internal sealed class MetricsRegistry
{
    private readonly int _reactors;
    private readonly HashSet<(StatScope Scope, string Subject)> _named = [];
    private readonly List<(StatScope Scope, string Subject)> _created = [];
    private readonly ConcurrentDictionary<(StatScope Scope, string Subject), StatBlock[]> _subjects = new();
    private readonly ConcurrentDictionary<(StatScope Scope, string Subject), StatBlock> _gauges = new();
    private volatile (string Name, StatKind Kind, Func<long> Read)[] _process = [];

    /// <summary>Creates an empty registry.</summary>
    /// <param name="reactors">Blocks per subject.</param>
    public MetricsRegistry(int reactors) => _reactors = reactors;

    /// <summary>The blocks of a connection manager's <c>stat_prefix</c>, one per reactor.</summary>
    public HttpStats[] Http(string prefix) => Blocks<HttpStats>(StatScope.Http, prefix);

    /// <summary>The blocks of a cluster's name in the statistics.</summary>
    public ClusterStats[] Cluster(string name) => Blocks<ClusterStats>(StatScope.Cluster, name);

    /// <summary>The blocks of a listener's address, <c>0.0.0.0:15006</c> or <c>[::1]:80</c>.</summary>
    public ListenerStats[] Listener(string address) => Blocks<ListenerStats>(StatScope.Listener, address);

    /// <summary>The blocks of a relay's <c>stat_prefix</c>.</summary>
    public TcpStats[] Tcp(string prefix) => Blocks<TcpStats>(StatScope.Tcp, prefix);

    /// <summary>Sets what else is shown of a cluster, computed on scrape; clusters of one name show the last.</summary>
    public void SetClusterGauges(string name, StatBlock gauges) =>
        _gauges[(StatScope.Cluster, Plain(name))] = gauges;

    /// <summary>The blocks of all HTTP/2 clients.</summary>
    public Http2Stats[] Http2() => Blocks<Http2Stats>(StatScope.Http2, "");

    /// <summary>The blocks of the HTTP/2 connections to a cluster.</summary>
    public Http2Stats[] ClusterHttp2(string name) => Blocks<Http2Stats>(StatScope.ClusterHttp2, name);

    /// <summary>
    /// Adds a number of the process under its full name, such as <c>server.uptime</c>; read on scrape.
    /// </summary>
    public void AddProcess(string name, StatKind kind, Func<long> read)
    {
        (string Name, StatKind Kind, Func<long> Read)[] kept = Array.FindAll(_process, value => value.Name != name);
        _process = [.. kept, (name, kind, read)];
    }

    /// <summary>A configuration is about to be compiled: the subjects that it asks for count from here.</summary>
    public void BeginNaming()
    {
        _named.Clear();
        _created.Clear();
    }

    /// <summary>Forgets the subjects that only the configuration before named, now that this one is in force.</summary>
    public void EndNaming()
    {
        foreach ((StatScope Scope, string Subject) key in _subjects.Keys)
        {
            if (!_named.Contains(key))
            {
                Forget(key);
            }
        }
    }

    /// <summary>Forgets the subjects made for this configuration: it was refused, or only looked at.</summary>
    public void UndoNaming() => _created.ForEach(Forget);

    /// <summary>All statistics, sorted by full name.</summary>
    /// <param name="filter">Takes those whose full name matches; null takes all.</param>
    /// <param name="usedOnly">Leaves out what is zero.</param>
    public List<StatSample> Collect(Regex? filter = null, bool usedOnly = false)
    {
        var collector = new StatCollector();
        foreach (((StatScope scope, string subject), StatBlock[] blocks) in _subjects)
        {
            collector.Add(scope, subject, blocks);
        }

        foreach (((StatScope scope, string subject), StatBlock gauges) in _gauges)
        {
            collector.Add(scope, subject, [gauges]);
        }

        foreach ((string name, StatKind kind, Func<long> read) in _process)
        {
            collector.Add(name, kind, read());
        }

        return collector.Sorted(filter, usedOnly);
    }

    /// <summary>As <c>/stats</c>.</summary>
    public string Text(Regex? filter = null, bool usedOnly = false) => StatsText.Write(Collect(filter, usedOnly));

    /// <summary>As <c>/stats?format=json</c>.</summary>
    public string Json(Regex? filter = null, bool usedOnly = false) => StatsJson.Write(Collect(filter, usedOnly));

    /// <summary>As <c>/stats/prometheus</c>.</summary>
    public string Prometheus(Regex? filter = null, bool usedOnly = false) =>
        PrometheusText.Write(Collect(filter, usedOnly));

    // A colon would end a name in Envoy's text form, so Envoy writes an underscore; tools expect that.
    private static string Plain(string name) => name.Replace(':', '_');

    private void Forget((StatScope Scope, string Subject) key)
    {
        _subjects.TryRemove(key, out _);
        _gauges.TryRemove(key, out _);
    }

    private TBlock[] Blocks<TBlock>(StatScope scope, string name)
        where TBlock : StatBlock, new()
    {
        (StatScope, string) key = (scope, Plain(name));
        _named.Add(key);
        if (!_subjects.TryGetValue(key, out StatBlock[]? blocks))
        {
            _created.Add(key);
            var created = new TBlock[_reactors];
            for (int i = 0; i < created.Length; i++)
            {
                created[i] = new TBlock();
            }

            blocks = _subjects.GetOrAdd(key, created);
        }

        return (TBlock[])blocks;
    }
}
