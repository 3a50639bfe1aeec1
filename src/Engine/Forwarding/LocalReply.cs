using System;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>Answers that the proxy makes itself: errors, redirects and direct responses.</summary>
internal static class LocalReply
{
    /// <summary>A field of every client's head limit; a longer text is cut.</summary>
    private const int GrpcMessageBytesMax = 1024;

    private static readonly byte[][] s_bodies = EncodeBodies();

    /// <summary>Answers an error as <see cref="ErrorMapping"/> says.</summary>
    public static void Write(Exchange exchange, ForwardError error)
    {
        if (exchange.RedirectToPath)
        {
            WritePathRedirect(exchange);
            return;
        }

        int status = ErrorMapping.Look(error).Status;
        if (error == ForwardError.StreamIdle && !exchange.RequestComplete)
        {
            // The silence is the client's, who owes the rest of the request (RFC 9110 §15.5.9).
            status = 408;
        }

        if (error == ForwardError.NoCluster && exchange.Route is { } route)
        {
            status = route.ClusterNotFoundStatus;
        }

        Write(exchange, error, status);
    }

    /// <summary>Answers an error with a status of its own.</summary>
    public static void Write(Exchange exchange, ForwardError error, int status)
    {
        ErrorLook look = ErrorMapping.Look(error);
        exchange.Record.Flags |= look.Flags;
        exchange.Record.ResponseCodeDetails = look.Details;
        Begin(exchange, status);
        if (error == ForwardError.Overflow && !exchange.Manager.SuppressEnvoyFields)
        {
            exchange.Response.Fields.Set(KnownField.XEnvoyOverloaded, "true"u8);
        }

        End(exchange, s_bodies[(int)error]);
    }

    /// <summary>Answers what the route says: a redirect or a direct response.</summary>
    public static void WriteRouted(Exchange exchange)
    {
        RouteEntry route = exchange.Route!;
        ResponseHead head = exchange.Response;
        if (route.Kind == RouteKind.Redirect)
        {
            exchange.Record.ResponseCodeDetails = "direct_response";
            Begin(exchange, route.RedirectStatus);
            route.WriteLocation(exchange.Request, exchange.IsSecure, head.Fields);
            End(exchange, []);
            return;
        }

        exchange.Record.ResponseCodeDetails = "direct_response";
        Begin(exchange, route.DirectStatus);
        End(exchange, route.DirectBody.Span);
    }

    private static void WritePathRedirect(Exchange exchange)
    {
        exchange.Record.ResponseCodeDetails = "path_normalization_failed";
        Begin(exchange, 307);
        exchange.Response.Fields.Append("location"u8, exchange.Request.Path);
        End(exchange, []);
    }

    private static void Begin(Exchange exchange, int status)
    {
        ResponseHead head = exchange.Response;
        head.Clear();
        head.StatusCode = status;
    }

    private static void End(Exchange exchange, ReadOnlySpan<byte> body)
    {
        ResponseHead head = exchange.Response;
        ReadOnlySpan<byte> contentType = body.IsEmpty ? default : "text/plain"u8;
        if (exchange.Manager.LocalReplies is { } replies)
        {
            exchange.Record.ResponseCode = head.StatusCode;
            exchange.Record.EndUs = exchange.Reactor.NowUs;
            replies.Apply(exchange.Record, head, ref body, ref contentType);
        }

        if (GrpcCalls.IsCall(exchange.Request.Fields))
        {
            WriteGrpc(exchange, body);
            return;
        }

        if (!body.IsEmpty && !contentType.IsEmpty)
        {
            head.Fields.Set(KnownField.ContentType, contentType);
        }

        bool hasNoBody = head.StatusCode is 204 or 304;
        head.Body = hasNoBody ? BodyLength.None
            : exchange.Request.Method == HttpMethod.Head ? BodyLength.NoneDeclaring(body.Length)
            : BodyLength.Counted(body.Length);
        if (!exchange.RequestComplete)
        {
            exchange.CloseDownstream = true;
        }

        Responder.WriteHead(exchange);
        if (head.Body.Kind == BodyKind.Counted && body.Length > 0)
        {
            DownstreamStream stream = exchange.Downstream;
            stream.BeginBody(BodyKind.Counted);
            stream.BeginData(body.Length);
            stream.Writer.Append(body);
            stream.EndBody(null);
            exchange.Record.BytesSent += body.Length;
        }
    }

    /// <summary>
    /// What a gRPC client understands: 200, and status and text in the head, which ends the stream ("trailers-only").
    /// </summary>
    private static void WriteGrpc(Exchange exchange, ReadOnlySpan<byte> text)
    {
        ResponseHead head = exchange.Response;
        // Who set a limit on the stream meant the deadline of the call.
        int status = exchange.Interrupted == ForwardError.StreamDurationExceeded
            ? GrpcCalls.DeadlineExceeded
            : GrpcCalls.StatusOf(head.StatusCode);
        head.StatusCode = 200;
        head.Fields.Set(KnownField.ContentType, "application/grpc"u8);
        head.Fields.SetNumber(KnownField.GrpcStatus, status);
        if (!text.IsEmpty)
        {
            Span<byte> message = stackalloc byte[GrpcMessageBytesMax];
            head.Fields.Set("grpc-message"u8, message[..GrpcCalls.WriteMessage(text, message)]);
        }

        head.Body = exchange.Request.Version == HttpVersion.Http2 ? BodyLength.None : BodyLength.Counted(0);
        exchange.CloseDownstream |= !exchange.RequestComplete;
        Responder.WriteHead(exchange);
    }

    private static byte[][] EncodeBodies()
    {
        var bodies = new byte[(int)ForwardError.PathRefused + 1][];
        for (int i = 0; i < bodies.Length; i++)
        {
            bodies[i] = Encoding.UTF8.GetBytes(ErrorMapping.Look((ForwardError)i).Body);
        }

        return bodies;
    }
}
