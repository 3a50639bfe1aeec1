using System;
using System.Text;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
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

        if (head.Version == HttpVersion.Http2 && !ApplyUnderscores(exchange, manager))
        {
            return ForwardError.DownstreamMessagingError;
        }

        exchange.CloseDownstream |= !head.KeepAlive;
        if (head.Version != HttpVersion.Http2 && head.HasUpgrade && Ascii.EqualsIgnoreCase(head.Upgrade, "h2c"u8))
        {
            // RFC 9113 §3.1: obsolete, and to be ignored. The request is served as what it is.
            head.SetUpgrade(default);
            head.Fields.Remove("http2-settings"u8);
        }

        exchange.IsUpgrade = head.HasUpgrade || head.Method == HttpMethod.Connect;
        if (head.Version == HttpVersion.Http2 && head.HasUpgrade)
        {
            Upgrade.FromExtendedConnect(exchange);
        }

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

    /// <summary>The codec of HTTP/1 sees to it itself; see <c>headers_with_underscores_action</c>.</summary>
    /// <returns>False when the request is refused.</returns>
    private static bool ApplyUnderscores(Exchange exchange, HttpManager manager)
    {
        UnderscoreAction action = manager.Limits.Underscores;
        if (action == UnderscoreAction.Allow)
        {
            return true;
        }

        HttpFields fields = exchange.Request.Fields;
        Http2Stats stats = manager.Http2Stats[exchange.Reactor.Index];
        for (int i = fields.Count - 1; i >= 0; i--)
        {
            if (!fields.Name(i).Contains((byte)'_'))
            {
                continue;
            }

            if (action == UnderscoreAction.Reject)
            {
                stats.RejectedUnderscores++;
                return false;
            }

            stats.DroppedUnderscores++;
            fields.RemoveAt(i);
        }

        return true;
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
