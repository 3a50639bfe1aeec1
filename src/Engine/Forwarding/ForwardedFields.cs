using System;
using System.Buffers.Text;
using System.Text;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Protocols;

namespace FastMesh.Engine.Forwarding;

/// <summary>
/// Who the client is, and what the upstream is told of it: <c>x-forwarded-for</c>, <c>-proto</c>, <c>-port</c>,
/// <c>x-envoy-external-address</c> and <c>x-request-id</c>, by the connection manager's <c>use_remote_address</c>,
/// <c>xff_num_trusted_hops</c>, <c>skip_xff_append</c> and <c>append_x_forwarded_port</c>.
/// </summary>
internal static class ForwardedFields
{
    public static void Apply(Exchange exchange, HttpManager manager)
    {
        RequestHead head = exchange.Request;
        ExchangeRecord record = exchange.Record;

        // As the PROXY protocol told it where it is spoken, else who connected.
        NetAddress peer = record.DownstreamRemote;
        if (head.Fields.Has(KnownField.XForwardedClientCert) && !manager.AlwaysForwardsClientCert)
        {
            // No client of a connection without a certificate states an identity, whatever else is configured.
            head.Fields.Remove(KnownField.XForwardedClientCert);
        }

        if (manager.UseRemoteAddress)
        {
            RemoveInternal(head.Fields);
            record.DownstreamRemote = manager.TrustedHops == 0
                ? peer
                : FromForwardedFor(head.Fields, manager.TrustedHops - 1, peer);
            if (!manager.SkipForwardedForAppend && peer.Kind != NetAddressKind.Unix)
            {
                Append(head.Fields, peer);
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
            Utf8Formatter.TryFormat(record.DownstreamLocal.Port, port, out int length);
            head.Fields.Set(KnownField.XForwardedPort, port[..length]);
        }

        ApplyRequestId(exchange, manager);
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
        int index = LastForwardedFor(fields);
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
    /// Adds the peer to the end of the list, which is the end of its last line: behind an earlier one, an address that
    /// the client wrote would stand nearer than the peer. Beside a very long line it is a line of its own.
    /// </summary>
    private static void Append(HttpFields fields, NetAddress peer)
    {
        Span<byte> text = stackalloc byte[NetAddress.FormattedLengthMax];
        peer.TryFormat(text, out int length, withPort: false);
        int index = LastForwardedFor(fields);
        if (index < 0)
        {
            fields.Append(KnownField.XForwardedFor, text[..length]);
            return;
        }

        ReadOnlySpan<byte> before = fields.Value(index);
        Span<byte> joined = before.Length <= 256 ? stackalloc byte[256 + 2 + NetAddress.FormattedLengthMax] : default;
        if (joined.IsEmpty)
        {
            fields.Append(KnownField.XForwardedFor, text[..length]);
            return;
        }

        before.CopyTo(joined);
        ", "u8.CopyTo(joined[before.Length..]);
        text[..length].CopyTo(joined[(before.Length + 2)..]);
        fields.SetValue(index, joined[..(before.Length + 2 + length)]);
    }

    /// <summary>The index of the last line, or -1.</summary>
    private static int LastForwardedFor(HttpFields fields)
    {
        int last = -1;
        for (int i = fields.Find(KnownField.XForwardedFor); i >= 0; i = fields.Find(KnownField.XForwardedFor, i + 1))
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
