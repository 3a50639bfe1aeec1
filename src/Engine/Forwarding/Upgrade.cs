using System;
using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// An exchange that leaves HTTP (RFC 9110 §7.8, §9.3.6): the answer that accepts it goes downstream, then bytes pass
/// both ways until both sides have ended. Nothing the client sends after its request reaches the upstream before that.
/// Between the two sides every upgrade has the form of HTTP/1.1, and each side of HTTP/2 its own (RFC 8441):
/// <code>
/// HTTP/1.1   GET, upgrade: websocket      →  GET, Upgrade  →   GET, upgrade: websocket      HTTP/1.1
/// HTTP/2     CONNECT, :protocol websocket →                →   CONNECT, :protocol websocket HTTP/2
///            101 | 200                    ←      101       ←   101 | 200
/// </code>
/// </summary>
internal static class Upgrade
{
    /// <summary>
    /// Whether the route or the connection manager lets this upgrade through; true for plain requests.
    /// </summary>
    public static bool IsAllowed(Exchange exchange)
    {
        if (!exchange.IsUpgrade)
        {
            return true;
        }

        bool isConnect = exchange.Request.Method == HttpMethod.Connect;
        ReadOnlySpan<byte> type = isConnect ? "CONNECT"u8 : exchange.Request.Upgrade;
        return exchange.Route!.AllowsUpgrade(type) ?? exchange.Manager.AllowsUpgrade(type);
    }

    /// <summary>Gives an extended CONNECT (RFC 8441 §4) the form of HTTP/1.1.</summary>
    public static void FromExtendedConnect(Exchange exchange)
    {
        RequestHead head = exchange.Request;
        head.SetMethod("GET"u8);
        head.Fields.Set(KnownField.Upgrade, head.Upgrade);
        exchange.MadeWebSocketKey = WebSocketKey.TryAdd(head, exchange.Reactor);
    }

    /// <summary>The final head that stands in the exchange accepts the upgrade that was asked for.</summary>
    public static bool IsAccepted(Exchange exchange)
    {
        int status = exchange.Response.StatusCode;
        return status == 101 || (status is >= 200 and < 300 && exchange.IsUpgrade
            && (exchange.Request.Method == HttpMethod.Connect || exchange.Response.Version == HttpVersion.Http2));
    }

    public static async ReactorTask<ForwardError> RunAsync(Exchange exchange, UpstreamStream upstream)
    {
        upstream.BeginTunnel();
        exchange.CloseDownstream = true;
        exchange.BeginTunnel();
        if (!PrepareHead(exchange) || !Responder.WriteHead(exchange))
        {
            return ForwardError.UpstreamProtocolError;
        }

        exchange.Downstream.Writer.Flush();
        ReactorTask<long> up = PassAsync(exchange, exchange.Downstream, upstream);
        exchange.Record.BytesSent += await PassAsync(exchange, upstream, exchange.Downstream);
        exchange.Record.BytesReceived += await up;
        exchange.RequestComplete = true;
        return exchange.Interrupted;
    }

    /// <summary>Gives the answer the form of HTTP/1.1.</summary>
    /// <returns>False when the upstream did not understand the handshake that was made for it.</returns>
    private static bool PrepareHead(Exchange exchange)
    {
        RequestHead request = exchange.Request;
        ResponseHead head = exchange.Response;
        bool isConnect = request.Method == HttpMethod.Connect;
        if (exchange.MadeWebSocketKey)
        {
            if (head.StatusCode == 101 && !WebSocketKey.IsAnswered(request, head))
            {
                return false;
            }

            WebSocketKey.RemoveAnswer(head);
        }
        else if (head.StatusCode != 101 && !isConnect)
        {
            WebSocketKey.Answer(request, head);
        }

        if (head.StatusCode != 101 && !isConnect)
        {
            head.StatusCode = 101;
            head.Fields.Set(KnownField.Upgrade, request.Upgrade);
        }

        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: true);
        head.Body = BodyLength.None;
        return true;
    }

    private static async ReactorTask<long> PassAsync(Exchange exchange, MessageStream from, MessageStream to)
    {
        long moved = 0;
        while (true)
        {
            if (!from.Reader.TryRead(out ReadResult read))
            {
                read = await from.Reader.ReadAsync();
            }

            long count = read.Buffer.Length;
            from.Reader.AdvanceTo(read.Buffer.Start);
            exchange.LastActivityMs = exchange.Reactor.NowMs;
            if (count > 0)
            {
                from.Reader.TransferTo(to.Writer, count);
                moved += count;
                FlushResult flushed = await to.Writer.FlushAsync();
                if (flushed.IsCompleted)
                {
                    from.Abort();
                    return moved;
                }

                continue;
            }

            if (read.IsCompleted)
            {
                if (!from.Reader.HasFailed)
                {
                    to.EndSending();
                }
                else
                {
                    to.Abort();
                }

                return moved;
            }
        }
    }
}
