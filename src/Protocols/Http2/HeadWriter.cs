using System;
using System.Buffers.Text;
using System.Text;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http1;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Encodes heads and trailers as field blocks, from parsed values only. What belongs to the connection is never
/// written; Content-Length is made from <see cref="BodyLength"/>. A cookie is one field: only a table that held its
/// crumbs would gain from splitting it, and cookies are not put into the table (<see cref="HpackPolicy"/>).
/// </summary>
internal static class HeadWriter
{
    // Pseudo-header fields and Content-Length beside the bytes of their values.
    private const int FixedBytes = HpackEncoder.UpdateBytesMax + (7 * (HpackEncoder.FieldOverheadMax + 16));

    // TotalBytes already charges four bytes for each field.
    private const int FieldBytes = HpackEncoder.FieldOverheadMax - 4;

    private static readonly ulong s_skipped = KnownFields.Mask(KnownField.Connection, KnownField.KeepAlive,
        KnownField.ProxyConnection, KnownField.TransferEncoding, KnownField.Upgrade, KnownField.ContentLength,
        KnownField.Host);

    /// <summary>An upper bound of the block of a request.</summary>
    public static int Measure(RequestHead head) =>
        FixedBytes + head.MethodBytes.Length + head.Scheme.Length + head.Authority.Length + head.Path.Length
        + head.Upgrade.Length + MeasureFields(head.Fields);

    /// <summary>An upper bound of the block of a response.</summary>
    public static int Measure(ResponseHead head) => FixedBytes + MeasureFields(head.Fields);

    /// <summary>An upper bound of the block of trailers.</summary>
    public static int Measure(HttpFields trailers) => FixedBytes + MeasureFields(trailers);

    /// <summary>The size that SETTINGS_MAX_HEADER_LIST_SIZE is about (RFC 9113 §6.5.2), rounded up.</summary>
    public static int ListBytes(int measured, HttpFields fields) =>
        measured + (HpackTable.EntryOverhead * fields.Count);

    /// <summary>Writes the block of a request; -1 when it must not be sent.</summary>
    public static int Write(HpackEncoder encoder, RequestHead head, HpackScratch scratch, Span<byte> block)
    {
        bool isConnect = head.Method == HttpMethod.Connect;
        bool isExtended = isConnect && head.HasUpgrade;
        int at = encoder.Begin(block, 0);
        at = Method(encoder, head, block, at);
        bool valid = Http1Grammar.IsToken(head.MethodBytes);
        if (!isConnect || isExtended)
        {
            at = head.Scheme.SequenceEqual("http"u8) ? HpackEncoder.Static(block, at, HpackStaticTable.SchemeHttp)
                : head.Scheme.SequenceEqual("https"u8)
                    ? HpackEncoder.Static(block, at, HpackStaticTable.SchemeHttp + 1)
                    : encoder.Pseudo(block, at, HpackStaticTable.SchemeHttp, head.Scheme, Indexing.Yes);
            valid &= !head.Path.IsEmpty && Http1Grammar.IsTarget(head.Path);
            at = Path(encoder, head, block, at);
        }

        valid &= !head.Authority.IsEmpty || !isConnect;
        if (!head.Authority.IsEmpty)
        {
            at = encoder.Pseudo(block, at, HpackStaticTable.Authority, head.Authority, Indexing.Yes);
        }

        if (isExtended)
        {
            at = encoder.Field(block, at, ":protocol"u8, head.Upgrade, isSensitive: false);
        }

        at = Fields(encoder, head.Fields, scratch, block, at, isRequest: true);
        return Finish(encoder, head.Body, block, at, valid);
    }

    /// <summary>Writes the block of a response; -1 when it must not be sent.</summary>
    public static int Write(HpackEncoder encoder, ResponseHead head, HpackScratch scratch, Span<byte> block)
    {
        int at = Status(encoder, head.StatusCode, block, encoder.Begin(block, 0));
        at = Fields(encoder, head.Fields, scratch, block, at, isRequest: false);
        BodyLength body = head.StatusCode is < 200 or 204 ? BodyLength.None : head.Body;
        return Finish(encoder, body, block, at, valid: true);
    }

    /// <summary>Writes the block of trailers; -1 when they must not be sent.</summary>
    public static int Write(HpackEncoder encoder, HttpFields trailers, HpackScratch scratch, Span<byte> block)
    {
        int at = encoder.Begin(block, 0);
        at = Fields(encoder, trailers, scratch, block, at, isRequest: false);
        return Finish(encoder, BodyLength.None, block, at, valid: true);
    }

    private static int MeasureFields(HttpFields fields) => fields.TotalBytes + (FieldBytes * fields.Count);

    private static int Method(HpackEncoder encoder, RequestHead head, Span<byte> block, int at) => head.Method switch
    {
        HttpMethod.Get => HpackEncoder.Static(block, at, HpackStaticTable.MethodGet),
        HttpMethod.Post => HpackEncoder.Static(block, at, HpackStaticTable.MethodGet + 1),
        HttpMethod.Other =>
            encoder.Pseudo(block, at, HpackStaticTable.MethodGet, head.MethodBytes, Indexing.No),
        _ => encoder.Pseudo(block, at, HpackStaticTable.MethodGet, head.MethodBytes, Indexing.Yes),
    };

    // The path of a gRPC call names a method and repeats; other paths mostly name things and do not.
    private static int Path(HpackEncoder encoder, RequestHead head, Span<byte> block, int at)
    {
        ReadOnlySpan<byte> path = head.Path;
        if (path.Length == 1 && path[0] == '/')
        {
            return HpackEncoder.Static(block, at, HpackStaticTable.PathRoot);
        }

        bool isGrpc = head.Fields.TryGet(KnownField.ContentType, out ReadOnlySpan<byte> type)
            && type.StartsWith("application/grpc"u8);
        return encoder.Pseudo(block, at, HpackStaticTable.PathRoot, path, isGrpc ? Indexing.Yes : Indexing.No);
    }

    /// <summary>Writes :status (RFC 9113 §8.3.2).</summary>
    internal static int Status(HpackEncoder encoder, int status, Span<byte> block, int at)
    {
        int index = status switch
        {
            200 => HpackStaticTable.Status200,
            204 => HpackStaticTable.Status200 + 1,
            206 => HpackStaticTable.Status200 + 2,
            304 => HpackStaticTable.Status200 + 3,
            400 => HpackStaticTable.Status200 + 4,
            404 => HpackStaticTable.Status200 + 5,
            500 => HpackStaticTable.Status200 + 6,
            _ => 0,
        };
        if (index != 0)
        {
            return HpackEncoder.Static(block, at, index);
        }

        Span<byte> digits = stackalloc byte[3];
        Utf8Formatter.TryFormat(status, digits, out _);
        return encoder.Pseudo(block, at, HpackStaticTable.Status200, digits, Indexing.Yes);
    }

    private static int Fields(HpackEncoder encoder, HttpFields fields, HpackScratch scratch, Span<byte> block, int at,
        bool isRequest)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            KnownField known = fields.Known(i);
            ReadOnlySpan<byte> value = fields.Value(i);
            if (known == KnownField.None)
            {
                at = encoder.Field(block, at, Lower(fields.Name(i), scratch), value, fields.IsSensitive(i));
            }
            else if (known == KnownField.Te)
            {
                // RFC 9113 §8.2.2: "trailers" is all that may be said.
                at = isRequest && Ascii.EqualsIgnoreCase(value, "trailers"u8)
                    ? encoder.Field(block, at, known, "trailers"u8, isSensitive: false)
                    : at;
            }
            else if ((KnownFields.Bit(known) & s_skipped) == 0)
            {
                at = encoder.Field(block, at, known, value, fields.IsSensitive(i));
            }
        }

        return at;
    }

    // RFC 9113 §8.2: names are in lower case.
    private static ReadOnlySpan<byte> Lower(ReadOnlySpan<byte> name, HpackScratch scratch)
    {
        if (name.IndexOfAnyInRange((byte)'A', (byte)'Z') < 0)
        {
            return name;
        }

        Span<byte> lower = scratch.Take(name.Length)[..name.Length];
        Ascii.ToLower(name, lower, out _);
        return lower;
    }

    private static int Finish(HpackEncoder encoder, BodyLength body, Span<byte> block, int at, bool valid)
    {
        if (body.HasLength)
        {
            Span<byte> digits = stackalloc byte[20];
            Utf8Formatter.TryFormat(body.Length, digits, out int count);
            at = encoder.Field(block, at, KnownField.ContentLength, digits[..count], isSensitive: false);
        }

        if (valid && !encoder.IsBroken)
        {
            return at;
        }

        encoder.Abandon();
        return -1;
    }
}
