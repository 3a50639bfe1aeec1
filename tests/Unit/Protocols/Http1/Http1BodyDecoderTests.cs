using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>Where a body ends, and every way a chunked one can lie about it.</summary>
public sealed class Http1BodyDecoderTests
{
    public static TheoryData<string, string, string> Valid => new()
    {
        { "0\r\n\r\n", "", "" },
        { "5\r\nhello\r\n0\r\n\r\n", "hello", "" },
        { "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", "" },
        { "000A\r\n0123456789\r\n0\r\n\r\n", "0123456789", "" },
        { "a\r\n0123456789\r\n0000\r\n\r\n", "0123456789", "" },
        { "5;x\r\nhello\r\n0\r\n\r\n", "hello", "" },
        { "5;x=y;z=\"a;\\\"b\";q\r\nhello\r\n0;last\r\n\r\n", "hello", "" },
        { "5; x = y\r\nhello\r\n0\r\n\r\n", "hello", "" },
        { "0\r\nX-Sum: 1\r\ngrpc-status: 0\r\n\r\n", "", "\nX-Sum=1 None\ngrpc-status=0 GrpcStatus" },
        { "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", "" },
    };

    public static TheoryData<string, int> Invalid => new()
    {
        { "\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "-1\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "+1\r\na\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "0x5\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "1_0\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { " 5\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5 \r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5 ;x\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5\t\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "8000000000000000\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "FFFFFFFFFFFFFFFF\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "00000000000000005\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5\rhello\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { ";x\r\n", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5;\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;\n\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a\rX", (int)ProtocolErrorCode.MalformedChunkSize },
        { "5;a=\"b\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a=\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a \r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a=\"b\"\t\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;a=b c\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5;\0\r\nhello\r\n", (int)ProtocolErrorCode.MalformedChunkExtension },
        { "5\r\nhelloX", (int)ProtocolErrorCode.MalformedChunkEnd },
        { "5\r\nhello\n0\r\n\r\n", (int)ProtocolErrorCode.MalformedChunkEnd },
        { "5\r\nhello\rX", (int)ProtocolErrorCode.MalformedChunkEnd },
        { "5\r\nhello0\r\n\r\n", (int)ProtocolErrorCode.MalformedChunkEnd },
        { "0\r\nContent-Length: 5\r\n\r\n", (int)ProtocolErrorCode.ForbiddenTrailer },
        { "0\r\nTransfer-Encoding: chunked\r\n\r\n", (int)ProtocolErrorCode.ForbiddenTrailer },
        { "0\r\nHost: x\r\n\r\n", (int)ProtocolErrorCode.ForbiddenTrailer },
        { "0\r\nAuthorization: x\r\n\r\n", (int)ProtocolErrorCode.ForbiddenTrailer },
        { "0\r\nX-Forwarded-For: x\r\n\r\n", (int)ProtocolErrorCode.ForbiddenTrailer },
        { "0\r\na: b\0\r\n\r\n", (int)ProtocolErrorCode.MalformedFieldValue },
        { "0\r\na: b\n\r\n", (int)ProtocolErrorCode.BareLineEnd },
        { "0\r\n a: b\r\n\r\n", (int)ProtocolErrorCode.FoldedField },
        { "0\r\na : b\r\n\r\n", (int)ProtocolErrorCode.MalformedFieldName },
        { "0\r\n\n", (int)ProtocolErrorCode.BareLineEnd },
    };

    [Theory]
    [MemberData(nameof(Valid))]
    public void Chunked_WellFormed_GivesDataAndTrailersInAnySplit(string wire, string data, string trailers)
    {
        byte[] bytes = Heads.Bytes(wire + "NEXT");
        string expected = $"end {wire.Length} {data} {trailers}";
        Assert.Equal(expected, Decode(BodyLength.Chunked, [bytes]));
        for (int at = 0; at <= bytes.Length; at++)
        {
            Assert.Equal(expected, Decode(BodyLength.Chunked, Heads.SplitAt(bytes, at)));
        }

        Assert.Equal(expected, Decode(BodyLength.Chunked, Heads.OneByOne(bytes)));
    }

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Chunked_Malformed_IsRefusedInAnySplit(string wire, int code)
    {
        byte[] bytes = Heads.Bytes(wire);
        string expected = $"error {(ProtocolErrorCode)code}";
        Assert.Equal(expected, Decode(BodyLength.Chunked, [bytes]));
        Assert.Equal(expected, Decode(BodyLength.Chunked, Heads.OneByOne(bytes)));
    }

    [Fact]
    public void Chunked_ExtensionsOverTheMessageBudget_AreRefused()
    {
        string chunk = "1;" + new string('x', 1000) + "\r\na\r\n";
        string wire = string.Concat(System.Linq.Enumerable.Repeat(chunk, 17));
        Assert.Equal("error ChunkExtensionsTooLarge", Decode(BodyLength.Chunked, [Heads.Bytes(wire)]));
    }

    [Fact]
    public void Chunked_TrailersOverTheByteLimit_AreRefused()
    {
        byte[] bytes = Heads.Bytes("0\r\na: " + new string('x', 17_000));
        Assert.Equal("error TrailersTooLarge", Decode(BodyLength.Chunked, [bytes]));
    }

    [Fact]
    public void Counted_MoreInputThanBody_LeavesTheRest() =>
        Assert.Equal("end 5 hello ", Decode(BodyLength.Counted(5), [Heads.Bytes("hel"), Heads.Bytes("loNEXT")]));

    [Fact]
    public void Counted_Zero_IsCompleteAtOnce() =>
        Assert.Equal("end 0  ", Decode(BodyLength.Counted(0), [Heads.Bytes("NEXT")]));

    [Fact]
    public void UntilClose_InputEnds_IsTheEndOfTheBody()
    {
        Http1BodyDecoder decoder = default;
        decoder.Start(BodyLength.UntilClose, new HttpFields(), Http1Limits.Default);
        BodyEvent step = decoder.Decode(Heads.Bytes("abc"), out int consumed, out _, out int length, out _);
        Assert.Equal(BodyEvent.Data, step);
        Assert.Equal((3, 3), (consumed, length));
        Assert.Equal(long.MaxValue, decoder.Contiguous);
        Assert.Equal(BodyEvent.End, decoder.InputEnded(out _));
        Assert.True(decoder.IsComplete);
    }

    [Fact]
    public void Counted_InputEndsEarly_IsACut()
    {
        Http1BodyDecoder decoder = default;
        decoder.Start(BodyLength.Counted(5), new HttpFields(), Http1Limits.Default);
        decoder.Advance(4);
        Assert.Equal(1, decoder.Contiguous);
        Assert.Equal(BodyEvent.Error, decoder.InputEnded(out ProtocolError error));
        Assert.Equal(ProtocolErrorCode.Incomplete, error.Code);
    }

    [Fact]
    public void Chunked_InputEndsBeforeLastChunk_IsACut()
    {
        Http1BodyDecoder decoder = default;
        decoder.Start(BodyLength.Chunked, new HttpFields(), Http1Limits.Default);
        decoder.Decode(Heads.Bytes("5\r\nhello\r\n"), out _, out _, out _, out _);
        Assert.Equal(BodyEvent.Error, decoder.InputEnded(out _));
    }

    private static string Decode(BodyLength body, IEnumerable<byte[]> pieces)
    {
        HttpFields trailers = new();
        Http1BodyDecoder decoder = default;
        decoder.Start(body, trailers, Http1Limits.Default);
        StringBuilder data = new();
        int total = 0;
        foreach (byte[] piece in pieces)
        {
            int at = 0;
            BodyEvent step;
            do
            {
                step = decoder.Decode(piece.AsSpan(at), out int consumed, out int offset, out int length,
                    out ProtocolError error);
                if (step == BodyEvent.Error)
                {
                    return $"error {error.Code}";
                }

                data.Append(Heads.Text(piece.AsSpan(at + offset, length)));
                at += consumed;
                total += consumed;
            }
            while (step == BodyEvent.Data);

            if (step == BodyEvent.End)
            {
                return $"end {total} {data} {Heads.Render(trailers)}";
            }
        }

        return "more";
    }
}
