using System;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>A connection that has served one exchange serves the next without allocating.</summary>
public sealed class AllocationTests
{
    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly HttpFields _trailers = new();
    private readonly byte[] _wire = new byte[4096];

    [Fact]
    public void Exchange_SecondAndLater_AllocatesNothing()
    {
        byte[] request = Heads.Bytes("POST /a/../b HTTP/1.1\r\nHost: a\r\n"
            + "Connection: keep-alive, x\r\nX: 1\r\nTE: trailers\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n");
        byte[] body = Heads.Bytes("5;a=b\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n");
        byte[] response = Heads.Bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n");
        PathNormalizer normalizer = new() { NormalizePath = true };
        Exchange(request, body, response, normalizer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
        {
            Exchange(request, body, response, normalizer);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    private void Exchange(byte[] request, byte[] body, byte[] response, PathNormalizer normalizer)
    {
        Http1ParseState state = default;
        Http1Limits limits = Http1Limits.Default;
        Http1HeadParser.ParseRequest(request.AsSpan(0, 30), _request, limits, ref state, out _, out _);
        Http1HeadParser.ParseRequest(request.AsSpan(30), _request, limits, ref state, out _, out _);
        normalizer.Apply(_request);
        Http1Framing.StripHopByHop(_request.Fields, keepUpgrade: false);
        _request.Fields.Set("x-request-id"u8, "1234"u8);
        Http1Writer.WriteRequest(_request, _request.Body, ConnectionOption.None, _wire);
        Http1BodyDecoder decoder = default;
        decoder.Start(_request.Body, _trailers, limits);
        decoder.Decode(body, out int consumed, out _, out _, out _);
        decoder.Decode(body.AsSpan(consumed), out _, out _, out _, out _);
        Http1Writer.WriteLastChunk(_trailers, first: false, _wire);
        Http1HeadParser.ParseResponse(response, _response, _request.Method, limits, ref state, out _, out _);
        Http1Writer.WriteResponse(_response, ConnectionOption.Close, _wire);
    }
}
