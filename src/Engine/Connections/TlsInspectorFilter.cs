using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Downstream;
using FastMesh.Protocols.Tcp;

namespace FastMesh.Engine.Connections;

/// <summary>
/// envoy.filters.listener.tls_inspector: server name and ALPN of a ClientHello, nothing decrypted, nothing consumed.
/// What is no TLS is "raw_buffer".
/// </summary>
internal sealed class TlsInspectorFilter : ListenerFilter
{
    // Most hellos are whole at the first look, so one reader per thread serves them all.
    [ThreadStatic]
    private static ClientHello? t_spare;

    /// <summary>close_connection_on_client_hello_parsing_errors; else a broken hello counts as opaque bytes.</summary>
    public bool ClosesOnMalformed { get; init; }

    /// <summary>The longest hello; a longer one counts as opaque bytes.</summary>
    public int HelloBytesMax { get; init; } = PeekBytesMax;

    public override FilterVerdict Inspect(ref FilterInput input, ref ConnectionFacts facts)
    {
        ClientHello hello = input.State as ClientHello ?? t_spare ?? new ClientHello();
        t_spare = null;
        ClientHelloStatus status = hello.Read(input.Bytes);
        if (status == ClientHelloStatus.NeedMore && !input.IsEnd && input.Bytes.Length < HelloBytesMax)
        {
            input.State = hello;
            return FilterVerdict.NeedMore;
        }

        bool isTls = status == ClientHelloStatus.Done;
        facts.TransportProtocol = isTls ? ConnectionFacts.Tls : ConnectionFacts.RawBuffer;
        if (isTls)
        {
            facts.ServerName = hello.ServerName.IsEmpty ? null : Encoding.ASCII.GetString(hello.ServerName);
            facts.ApplicationProtocols = Protocols(hello.ProtocolList);
        }

        hello.Clear();
        t_spare = hello;
        input.State = null;
        return status == ClientHelloStatus.Malformed && ClosesOnMalformed ? FilterVerdict.Close : FilterVerdict.Done;
    }

    private static string[]? Protocols(ReadOnlySpan<byte> list)
    {
        if (list.IsEmpty)
        {
            return null;
        }

        List<string> protocols = [];
        while (ClientHello.TryReadProtocol(ref list, out ReadOnlySpan<byte> protocol))
        {
            protocols.Add(Encoding.Latin1.GetString(protocol));
        }

        return [.. protocols];
    }
}
