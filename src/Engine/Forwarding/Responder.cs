using System;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Forwarding;

/// <summary>Carries a response downstream: its head in the form that this proxy gives it, then its body.</summary>
internal static class Responder
{
    /// <summary>Sends the response that stands in the exchange and pumps its body to the end.</summary>
    public static async ReactorTask<ForwardError> RespondAsync(Exchange exchange)
    {
        UpstreamStream upstream = exchange.Upstream!;
        ResponseHead head = exchange.Response;
        upstream.OnFinalHead(head);
        exchange.Record.ResponseCodeDetails = "via_upstream";
        if (Upgrade.IsAccepted(exchange))
        {
            return await Upgrade.RunAsync(exchange, upstream);
        }

        // The upstream does not leave HTTP, but the client may have: what follows is not read as a request.
        exchange.CloseDownstream |= exchange.IsUpgrade;
        BodyLength body = head.Body;
        PrepareHead(exchange, head);
        if (!WriteHead(exchange))
        {
            return ForwardError.UpstreamProtocolError;
        }

        if (body.IsEmpty)
        {
            exchange.Record.LastUpstreamRxUs = exchange.Reactor.NowUs;
            return ForwardError.None;
        }

        BodyPump pump = exchange.ResponseBody;
        pump.Begin(upstream, body, exchange.Downstream, head.Body.Kind, upstream.Limits);
        PumpResult result = await pump.RunAsync();
        exchange.Record.LastUpstreamRxUs = exchange.Reactor.NowUs;
        exchange.Record.BytesSent += pump.MovedBytes;
        if (exchange.Interrupted != ForwardError.None)
        {
            return exchange.Interrupted;
        }

        return result switch
        {
            PumpResult.Done => ForwardError.None,
            PumpResult.DestinationGone => ForwardError.DownstreamGone,
            PumpResult.SourceInvalid => ForwardError.UpstreamProtocolError,
            _ => ForwardError.UpstreamClosed,
        };
    }

    /// <summary>Writes the head of <see cref="Exchange.Response"/>; from here on the status stands.</summary>
    /// <returns>False when the head cannot be sent without breaking the grammar; nothing is written then.</returns>
    public static bool WriteHead(Exchange exchange)
    {
        ResponseHead head = exchange.Response;
        HttpManager manager = exchange.Manager;
        if (manager.IsDraining)
        {
            exchange.CloseDownstream = true;
        }

        if (!head.Fields.Has(KnownField.Date))
        {
            head.Fields.Append(KnownField.Date, exchange.Date.Value(exchange.Reactor.UtcNowMs));
        }

        manager.ApplyServerField(head.Fields);
        if (manager.AlwaysSetRequestIdInResponse
            && exchange.Request.Fields.TryGet(KnownField.XRequestId, out ReadOnlySpan<byte> id))
        {
            head.Fields.Set(KnownField.XRequestId, id);
        }

        if (exchange.Route is { IncludeAttemptCountInResponse: true } && exchange.Record.AttemptCount > 0)
        {
            head.Fields.SetNumber(KnownField.XEnvoyAttemptCount, exchange.Record.AttemptCount);
        }

        exchange.Route?.ApplyResponseMutations(head, exchange.Record, exchange.RoutePick);
        if (head.Body.Kind == BodyKind.UntilClose)
        {
            exchange.CloseDownstream = true;
        }

        if (!exchange.Downstream.WriteHead(exchange))
        {
            return false;
        }

        exchange.ResponseStarted = true;
        exchange.Record.ResponseCode = head.StatusCode;
        exchange.Record.FirstDownstreamTxUs = exchange.Reactor.NowUs;
        return true;
    }

    /// <summary>Passes an interim response on; HTTP/1.0 clients do not know them (RFC 9110 §15.2).</summary>
    public static void WriteInterim(Exchange exchange)
    {
        if (exchange.Request.Version == HttpVersion.Http10
            || (exchange.Response.StatusCode == 100 && !exchange.Manager.Proxy100Continue))
        {
            return;
        }

        ResponseHead head = exchange.Response;
        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: false);
        exchange.Downstream.WriteInterim(head);
    }

    private static void PrepareHead(Exchange exchange, ResponseHead head)
    {
        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: false);
        // A body until close cannot be told from one that was cut, so it passes as that and not in chunks, whose end
        // would vouch for it (RFC 9112 §6.3).
        if (head.Body.Kind is BodyKind.Chunked or BodyKind.EndStream)
        {
            head.Body = exchange.Downstream.Frame(exchange.Request.Version, head.Body);
        }

        if (!exchange.Manager.SuppressEnvoyFields)
        {
            head.Fields.SetNumber(
                KnownField.XEnvoyUpstreamServiceTime,
                (exchange.Record.FirstUpstreamRxUs - exchange.Record.FirstUpstreamTxUs) / 1000);
        }
    }
}
