using System;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Upstream;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// Brings a request head into the one form that routing, policy and upstream all see: version, host, path, hop-by-hop
/// fields, forwarded fields. Done once, before anything is decided.
/// </summary>
internal static class RequestPreparation
{
    public static ForwardError Apply(Exchange exchange)
    {
        RequestHead head = exchange.Request;
        HttpManager manager = exchange.Manager;
        if (head.Version == HttpVersion.Http10 && !AcceptHttp10(head, manager))
        {
            exchange.CloseDownstream = true;
            return ForwardError.Http10Refused;
        }

        exchange.CloseDownstream |= !head.KeepAlive;
        exchange.IsUpgrade = head.HasUpgrade || head.Method == HttpMethod.Connect;
        PrepareAuthority(head, manager);
        if (head.Method != HttpMethod.Connect)
        {
            ForwardError error = PreparePath(exchange, head, manager);
            if (error != ForwardError.None)
            {
                return error;
            }
        }

        Http1Framing.StripHopByHop(head.Fields, keepUpgrade: exchange.IsUpgrade);
        ForwardedFields.Apply(exchange, manager);
        PrepareExpectation(exchange, manager);
        if (manager.Via.Length > 0)
        {
            head.Fields.Append("via"u8, manager.Via);
        }

        return ForwardError.None;
    }

    private static bool AcceptHttp10(RequestHead head, HttpManager manager)
    {
        if (!manager.AcceptHttp10)
        {
            return false;
        }

        if (head.Authority.IsEmpty && manager.DefaultHostForHttp10.Length > 0)
        {
            head.SetAuthority(manager.DefaultHostForHttp10);
        }

        return true;
    }

    private static void PrepareAuthority(RequestHead head, HttpManager manager)
    {
        ReadOnlySpan<byte> authority = head.Authority;
        ReadOnlySpan<byte> host = authority;
        int colon = authority.LastIndexOf((byte)':');
        ReadOnlySpan<byte> port = default;
        if (colon > 0 && authority[^1] != (byte)']')
        {
            host = authority[..colon];
            port = authority[(colon + 1)..];
        }

        bool stripPort = !port.IsEmpty && manager.StripsPort(port);
        bool stripDot = manager.StripTrailingHostDot && host.Length > 1 && host[^1] == (byte)'.';
        if (stripDot && (stripPort || port.IsEmpty))
        {
            head.SetAuthority(host[..^1]);
        }
        else if (stripPort)
        {
            head.SetAuthority(host);
        }
    }

    private static ForwardError PreparePath(Exchange exchange, RequestHead head, HttpManager manager)
    {
        switch (manager.Paths.Apply(head))
        {
            case PathOutcome.Forward:
                return ForwardError.None;
            case PathOutcome.Redirect:
                exchange.RedirectToPath = true;
                return ForwardError.PathRefused;
            default:
                return ForwardError.PathRefused;
        }
    }

    /// <summary>
    /// Envoy's <c>proxy_100_continue</c>: off answers 100 here, on lets the upstream answer. An expectation of
    /// HTTP/1.0, or without a body, is none (RFC 9110 §10.1.1) and ends here.
    /// </summary>
    private static void PrepareExpectation(Exchange exchange, HttpManager manager)
    {
        RequestHead head = exchange.Request;
        if (!head.Fields.Has(KnownField.Expect) || (head.ExpectContinue && manager.Proxy100Continue))
        {
            return;
        }

        head.Fields.Remove(KnownField.Expect);
        if (head.ExpectContinue)
        {
            exchange.Downstream.WriteContinue();
        }
    }
}
