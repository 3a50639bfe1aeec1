using System;
using System.Collections.Generic;
using System.Text;
using System.Threading;
using FastMesh.Engine.Clusters;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Clusters by the name in a request (<c>cluster_header</c>). Names that were found are remembered as bytes, so that
/// asking again allocates nothing; names that were not are not, so that a client cannot fill the memory.
/// </summary>
internal sealed class ClusterNames
{
    /// <summary>Most names remembered; more are looked up anew each time.</summary>
    public const int RememberedMax = 1024;

    /// <summary>Longest name looked up, in bytes.</summary>
    public const int NameBytesMax = 1024;

    private readonly Func<string, ClusterRuntime?> _find;
    private Known _known = new([], []);

    /// <summary>Wraps a lookup by string.</summary>
    public ClusterNames(Func<string, ClusterRuntime?> find) => _find = find;

    /// <summary>The cluster of a name, or null.</summary>
    public ClusterRuntime? Find(string name) => _find(name);

    /// <summary>The cluster of a name, or null.</summary>
    public ClusterRuntime? Find(ReadOnlySpan<byte> name)
    {
        Known known = Volatile.Read(ref _known);
        int found = known.Table.Find(name);
        if (found >= 0)
        {
            return known.Clusters[found];
        }

        ClusterRuntime? cluster = name.Length <= NameBytesMax ? _find(Encoding.UTF8.GetString(name)) : null;
        if (cluster is not null && known.Names.Count < RememberedMax)
        {
            // Lost to another reactor: it is remembered the next time.
            Interlocked.CompareExchange(ref _known, known.With(name.ToArray(), cluster), known);
        }

        return cluster;
    }

    private sealed class Known
    {
        public Known(List<byte[]> names, List<ClusterRuntime> clusters)
        {
            Names = names;
            Clusters = clusters;
            Table = new SpanTable(names, fold: false);
        }

        public List<byte[]> Names { get; }

        public List<ClusterRuntime> Clusters { get; }

        public SpanTable Table { get; }

        public Known With(byte[] name, ClusterRuntime cluster) => new([.. Names, name], [.. Clusters, cluster]);
    }
}
