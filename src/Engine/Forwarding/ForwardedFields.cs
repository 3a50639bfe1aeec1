using System;
using System.Buffers.Text;
using System.Text;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// Who the client is, and what the upstream is told of it: <c>x-forwarded-for</c>, <c>-proto</c>, <c>-port</c>,
/// <c>x-envoy-external-address</c>, <c>x-forwarded-client-cert</c> and <c>x-request-id</c>, by the connection
/// manager's <c>use_remote_address</c>, <c>xff_num_trusted_hops</c>, <c>skip_xff_append</c>,
/// <c>append_x_forwarded_port</c> and <c>forward_client_cert_details</c>.
/// </summary>
internal static class ForwardedFields
{
    // Longer lists are given a line of their own for the new element, which means the same.
    private const int JoinedBytesMax = 2048;

    public static void Apply(Exchange exchange, HttpManager manager)
    {
        RequestHead head = exchange.Request;
        ExchangeRecord record = exchange.Record;

        // As the PROXY protocol told it where it is spoken, else who connected.
        NetAddress peer = record.DownstreamRemote;
        ApplyClientCertificate(head.Fields, manager, record.DownstreamSecurity);
        if (manager.UseRemoteAddress)
        {
            RemoveInternal(head.Fields);
            record.DownstreamRemote = manager.TrustedHops == 0
                ? peer
                : FromForwardedFor(head.Fields, manager.TrustedHops - 1, peer);
            if (!manager.SkipForwardedForAppend && peer.Kind != NetAddressKind.Unix)
            {
                Span<byte> text = stackalloc byte[NetAddress.FormattedLengthMax];
                peer.TryFormat(text, out int length, withPort: false);
                Append(head.Fields, KnownField.XForwardedFor, ", "u8, text[..length]);
            }

            SetAddress(head.Fields, KnownField.XEnvoyExternalAddress, record.DownstreamRemote);
        }
        else
        {
            record.DownstreamRemote = FromForwardedFor(head.Fields, manager.TrustedHops, peer);
        }

        bool trustsProto = !manager.UseRemoteAddress || manager.TrustedHops > 0;
        if (!trustsProto || !head.Fields.Has(KnownField.XForwardedProto))
        {
            head.Fields.Set(KnownField.XForwardedProto, exchange.IsSecure ? "https"u8 : "http"u8);
        }

        if (manager.AppendForwardedPort && (!trustsProto || !head.Fields.Has(KnownField.XForwardedPort)))
        {
            Span<byte> port = stackalloc byte[5];
            Utf8Formatter.TryFormat(record.DownstreamLocal.Port, port, out int digits);
            head.Fields.Set(KnownField.XForwardedPort, port[..digits]);
        }

        ApplyRequestId(exchange, manager);
    }

    /// <summary>
    /// Only a client that has proved who it is may state an identity, or have one stated, but where the field is always
    /// forwarded.
    /// </summary>
    private static void ApplyClientCertificate(HttpFields fields, HttpManager manager, ConnectionSecurity? security)
    {
        ForwardClientCert mode = manager.ForwardClientCert;
        bool isProved = security?.Peer is not null;
        bool keeps = mode == ForwardClientCert.AlwaysForwardOnly
            || (isProved && mode is ForwardClientCert.ForwardOnly or ForwardClientCert.AppendForward);
        if (!keeps)
        {
            fields.Remove(KnownField.XForwardedClientCert);
        }

        if (isProved && mode is ForwardClientCert.AppendForward or ForwardClientCert.SanitizeSet)
        {
            Append(
                fields, KnownField.XForwardedClientCert, ","u8, security!.ClientCertificate(manager.ClientCertDetails));
        }
    }

    private static void ApplyRequestId(Exchange exchange, HttpManager manager)
    {
        HttpFields fields = exchange.Request.Fields;
        bool keeps = !manager.UseRemoteAddress || manager.PreserveExternalRequestId;
        bool has = fields.Has(KnownField.XRequestId);
        if (manager.GenerateRequestId && (!has || !keeps))
        {
            Span<byte> id = stackalloc byte[RequestId.Length];
            RequestId.Write(id, exchange.Reactor);
            fields.Set(KnownField.XRequestId, id);
        }
    }

    /// <summary>
    /// Fields that only a mesh may set; a request from outside loses them. Envoy and what is built upon it consume some
    /// thirty of the name, and every one that is not known here would be believed by somebody behind.
    /// </summary>
    private static void RemoveInternal(HttpFields fields)
    {
        ReadOnlySpan<byte> prefix = "x-envoy-"u8;
        for (int i = fields.Count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> name = fields.Name(i);
            if (name.Length > prefix.Length && name[1] == (byte)'-'
                && Ascii.EqualsIgnoreCase(name[..prefix.Length], prefix))
            {
                fields.RemoveAt(i);
            }
        }
    }

    /// <summary>The address <paramref name="hops"/> places from the right over all values, or the peer's.</summary>
    private static NetAddress FromForwardedFor(HttpFields fields, int hops, NetAddress peer)
    {
        int index = Last(fields, KnownField.XForwardedFor);
        if (index < 0)
        {
            return peer;
        }

        // The last field line holds the nearest hops; more hops than it lists are read as not given.
        ReadOnlySpan<byte> rest = fields.Value(index);
        for (int i = 0; i < hops; i++)
        {
            int comma = rest.LastIndexOf((byte)',');
            if (comma < 0)
            {
                return peer;
            }

            rest = rest[..comma];
        }

        int last = rest.LastIndexOf((byte)',');
        ReadOnlySpan<byte> text = rest[(last + 1)..].Trim((byte)' ');
        return NetAddress.TryParse(text, out NetAddress address) ? address : peer;
    }

    /// <summary>
    /// Adds an element to the end of a list, which is the end of its last line: behind an earlier one, what the client
    /// wrote would stand nearer than what is added. Beside a very long line it is a line of its own.
    /// </summary>
    private static void Append(
        HttpFields fields, KnownField name, ReadOnlySpan<byte> separator, ReadOnlySpan<byte> element)
    {
        int index = Last(fields, name);
        ReadOnlySpan<byte> before = index < 0 ? default : fields.Value(index);
        int length = before.Length + separator.Length + element.Length;
        if (index < 0 || length > JoinedBytesMax)
        {
            fields.Append(name, element);
            return;
        }

        Span<byte> joined = stackalloc byte[length];
        before.CopyTo(joined);
        separator.CopyTo(joined[before.Length..]);
        element.CopyTo(joined[(before.Length + separator.Length)..]);
        fields.SetValue(index, joined[..length]);
    }

    /// <summary>The index of the last line, or -1.</summary>
    private static int Last(HttpFields fields, KnownField name)
    {
        int last = -1;
        for (int i = fields.Find(name); i >= 0; i = fields.Find(name, i + 1))
        {
            last = i;
        }

        return last;
    }

    private static void SetAddress(HttpFields fields, KnownField name, NetAddress address)
    {
        if (!address.HasValue || address.Kind == NetAddressKind.Unix)
        {
            return;
        }

        Span<byte> text = stackalloc byte[NetAddress.FormattedLengthMax];
        address.TryFormat(text, out int length, withPort: false);
        fields.Set(name, text[..length]);
    }
}
