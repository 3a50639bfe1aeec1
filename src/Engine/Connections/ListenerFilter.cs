using System.Buffers;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Transport;
using FastMesh.Model;

namespace FastMesh.Engine.Connections;

/// <summary>What a listener filter found out.</summary>
internal enum FilterVerdict
{
    /// <summary>Done with this connection; the next filter's turn.</summary>
    Done,

    /// <summary>Cannot tell yet; call again with more bytes.</summary>
    NeedMore,

    /// <summary>The connection must be closed.</summary>
    Close,
}

/// <summary>The first bytes of a connection as a filter sees them.</summary>
internal ref struct FilterInput
{
    /// <summary>Everything received and not consumed so far.</summary>
    public ReadOnlySequence<byte> Bytes;

    /// <summary>True when the peer has ended its side: more will not come.</summary>
    public bool IsEnd;

    /// <summary>Out: bytes to take off the stream with a verdict of done; only a PROXY header is ever taken.</summary>
    public long Consumed;

    /// <summary>What a filter wants to keep until its next call for this connection; null at the first.</summary>
    public object? State;
}

/// <summary>
/// Looks at the first bytes of a connection before a filter chain is chosen. Shared by all connections of a listener
/// and
/// without state: each call sees all bytes from the start.
/// </summary>
internal abstract class ListenerFilter
{
    /// <summary>Most bytes looked at before a filter must decide; a legal ClientHello fits (RFC 8446 §4).</summary>
    public const int PeekBytesMax = 65536;

    /// <summary>Destination ports for which it is left out.</summary>
    public PortRange[] DisabledPorts { get; init; } = [];

    /// <summary>True when a connection may not go on before the filter is done, not even at a timeout.</summary>
    public virtual bool IsMandatory => false;

    /// <summary>False for a filter that decides at accept, without waiting for the client.</summary>
    public virtual bool ReadsBytes => true;

    /// <summary>Whether this connection is none of its business.</summary>
    public bool IsDisabled(in ConnectionFacts facts)
    {
        foreach (PortRange range in DisabledPorts)
        {
            if (facts.Local.Port >= range.First && facts.Local.Port <= range.Last)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Called instead of <see cref="Inspect"/> when no bytes are read.</summary>
    public virtual void OnAccept(TransportConnection connection, ref ConnectionFacts facts)
    {
    }

    /// <summary>Looks at the bytes received so far.</summary>
    public virtual FilterVerdict Inspect(ref FilterInput input, ref ConnectionFacts facts) => FilterVerdict.Done;
}
