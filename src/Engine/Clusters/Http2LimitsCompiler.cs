using FastMesh.Model;
using FastMesh.Protocols.Http2;

namespace FastMesh.Engine.Clusters;

/// <summary>What was said of HTTP/2 to the limits of its sessions.</summary>
internal static class Http2LimitsCompiler
{
    // A field of n bytes takes at most 4 n bytes Huffman-coded, and no sane peer's block is longer than its fields.
    private const int BlockBytesSlack = 4096;

    /// <summary>For the connections of a connection manager.</summary>
    public static Http2Limits OfManager(HttpConnectionManagerSettings settings)
    {
        int headBytes = settings.MaxRequestHeadersKb * 1024;
        return Of(settings.Http2) with
        {
            HeaderListBytesMax = headBytes,
            HeaderBlockBytesMax = headBytes + BlockBytesSlack,
            FieldsMax = settings.MaxHeadersCount,
            ContinuationFramesMax = ContinuationFrames(headBytes),
        };
    }

    /// <summary>For the connections to a cluster.</summary>
    public static Http2Limits OfCluster(Cluster cluster) => Of(cluster.Http2) with
    {
        FieldsMax = cluster.MaxHeadersCount,
    };

    private static Http2Limits Of(Http2ProtocolSettings said) => Http2Limits.Default with
    {
        DecoderTableBytes = said.HpackTableBytes,
        EncoderTableBytes = said.HpackTableBytes,
        StreamsMax = said.MaxConcurrentStreams,
        AllowConnect = said.AllowConnect,
        StreamWindowBytes = said.StreamWindowBytes,
        ConnectionWindowBytes = said.ConnectionWindowBytes,
        OwedFramesMax = said.MaxOutboundControlFrames,
        EmptyFramesInRowMax = said.MaxEmptyFramesInRow,
        PriorityFramesPerStreamMax = said.MaxPriorityFramesPerStream,
        WindowUpdatesPerDataMax = said.MaxWindowUpdatesPerData,
    };

    // Twice what the largest block in full frames needs, and never fewer than usual.
    private static int ContinuationFrames(int headBytes) =>
        System.Math.Max(Http2Limits.Default.ContinuationFramesMax, headBytes / (8 << 10));
}
