using System.IO.Pipelines;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// A connection that leaves HTTP (RFC 9110 §7.8, §9.3.6): the 101, or the 2xx to a CONNECT, goes downstream, then
/// bytes pass both ways until both sides have ended. Nothing the client sends after its request reaches the upstream
/// before that.
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

        if (exchange.Request.Version == HttpVersion.Http2)
        {
            return false;
        }

        bool isConnect = exchange.Request.Method == HttpMethod.Connect;
        System.ReadOnlySpan<byte> type = isConnect ? "CONNECT"u8 : exchange.Request.Upgrade;
        return exchange.Route!.AllowsUpgrade(type) ?? exchange.Manager.AllowsUpgrade(type);
    }

    public static async ReactorTask<ForwardError> RunAsync(Exchange exchange, UpstreamStream upstream)
    {
        upstream.BeginTunnel();
        exchange.CloseDownstream = true;
        exchange.BeginTunnel();
        Http1Framing.StripHopByHop(exchange.Response.Fields, keepUpgrade: true);
        exchange.Response.Body = BodyLength.None;
        Responder.WriteHead(exchange);
        exchange.Downstream.Writer.Flush();
        ReactorTask<long> up = PassAsync(exchange, exchange.Downstream, upstream);
        exchange.Record.BytesSent += await PassAsync(exchange, upstream, exchange.Downstream);
        exchange.Record.BytesReceived += await up;
        exchange.RequestComplete = true;
        return exchange.Interrupted;
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
