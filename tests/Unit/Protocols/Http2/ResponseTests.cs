using System;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Responses as a client reads them (RFC 9113 §8.1, §8.3.2).</summary>
public sealed class ResponseTests
{
    private const string Ok = ":status: 200\n";

    [Theory]
    [InlineData("x: y\n", true, "MissingPseudoField")]
    [InlineData(":status: 20\n", true, "MalformedPseudoField")]
    [InlineData(":status: 099\n", true, "MalformedPseudoField")]
    [InlineData(":status: 2x0\n", true, "MalformedPseudoField")]
    [InlineData(Ok + ":status: 200\n", true, "RepeatedPseudoField")]
    [InlineData(Ok + ":path: /\n", true, "UnknownPseudoField")]
    [InlineData("x: y\n" + Ok, true, "LatePseudoField")]
    [InlineData(":status: 101\n", false, "MalformedInterimResponse")]
    [InlineData(":status: 100\n", true, "MalformedInterimResponse")]
    [InlineData(Ok + "content-length: x\n", false, "MalformedContentLength")]
    [InlineData(Ok + "content-length: 1\ncontent-length: 1\n", false, "MalformedContentLength")]
    [InlineData(Ok + "content-length: 1\n", true, "ContentLengthMismatch")]
    [InlineData(Ok + "transfer-encoding: chunked\n", false, "ConnectionSpecificField")]
    [InlineData(Ok + "Upper: x\n", false, "MalformedFieldName")]
    public void Response_IsMalformed_ResetsItsStream(string fields, bool endStream, string fault)
    {
        Http2Peer client = Asking(HttpMethod.Get);
        client.Receive(Frames.Headers(1, fields, endStream));
        Assert.Equal($"reset 1 ProtocolError {fault}\n", client.TakeEvents());
        Assert.Equal("RST_STREAM 1 ProtocolError\n", client.TakeFrames());
    }

    [Theory]
    [InlineData(HttpMethod.Get, Ok, true, "200 None END")]
    [InlineData(HttpMethod.Get, Ok, false, "200 EndStream")]
    [InlineData(HttpMethod.Get, Ok + "content-length: 0\n", true, "200 Counted(0)|content-length=0 END")]
    [InlineData(HttpMethod.Get, Ok + "content-length: 5\n", false, "200 EndStream(5)|content-length=5")]
    [InlineData(HttpMethod.Head, Ok + "content-length: 5\n", true, "200 None(5)|content-length=5 END")]
    [InlineData(HttpMethod.Get, ":status: 304\ncontent-length: 5\n", true, "304 None(5)|content-length=5 END")]
    [InlineData(HttpMethod.Get, ":status: 204\n", true, "204 None END")]
    public void Response_IsValid_SaysWhereItsBodyEnds(HttpMethod method, string fields, bool endStream, string expected)
    {
        Http2Peer client = Asking(method);
        client.Receive(Frames.Headers(1, fields, endStream));
        Assert.Equal($"response 1 {expected}\n", client.TakeEvents());
    }

    [Fact]
    public void InterimResponses_ComeBeforeTheFinalOne()
    {
        Http2Peer client = Asking(HttpMethod.Get);
        client.Receive(Frames.Headers(1, ":status: 100\n", false), Frames.Headers(1, ":status: 103\nlink: a\n", false),
            Frames.Headers(1, Ok, false), Frames.Data(1, "x"u8, false), Frames.Headers(1, "grpc-status: 0\n"));
        Assert.Equal("response 1 100 None\nresponse 1 103 None|link=a\nresponse 1 200 EndStream\ndata 1 x\n"
            + "trailers 1|grpc-status=0 END\n", client.TakeEvents());
    }

    [Fact]
    public void Head_WithBytesOfBody_ResetsItsStream()
    {
        Http2Peer client = Asking(HttpMethod.Head);
        client.Receive(Frames.Headers(1, Ok + "content-length: 1\n", false), Frames.Data(1, "x"u8, true));
        Assert.EndsWith("reset 1 ProtocolError ContentLengthMismatch\n", client.TakeEvents(), StringComparison.Ordinal);
    }

    [Fact]
    public void Response_ResetWithNoErrorAfterItsEnd_KeepsTheAnswer()
    {
        Http2Peer client = Http2Peer.Client();
        client.Session.TrySubmitRequest(Heads2.Request(HttpMethod.Post), false, null, out _);
        client.Receive(Frames.Headers(1, ":status: 413\n"), Frames.RstStream(1, Http2ErrorCode.NoError));
        Assert.Equal("response 1 413 None END\nreset 1 NoError None\n", client.TakeEvents());
    }

    [Fact]
    public void Answer_WithInterimHeads_IsSentInOrder()
    {
        Http2Peer server = Http2Peer.Server();
        const string Expecting = ":method: POST\n:scheme: http\n:path: /\n:authority: a\nexpect: 100-continue\n";
        server.Receive(Frames.Headers(1, Expecting, endStream: false));
        Assert.True(server.Request.ExpectContinue);
        StreamKey stream = server.LastStream;
        Assert.Equal(SubmitResult.Malformed, server.Session.SubmitResponse(stream, Heads2.Response(101), false));
        Assert.Equal(SubmitResult.Sent, server.Session.SubmitResponse(stream, Heads2.Response(100), false));
        Assert.Equal(SubmitResult.Sent, server.Session.SubmitResponse(stream, Heads2.Response(), false));
        Assert.Equal(SubmitResult.Sent, server.Session.SubmitTrailers(stream, new HttpFields()));
        Assert.Equal("HEADERS 1\nHEADERS 1\nDATA 1 0 END\n", server.TakeFrames());
    }

    [Fact]
    public void ExtendedConnect_NeedsThePeersConsent()
    {
        RequestHead head = Heads2.Request(HttpMethod.Connect, "/chat");
        head.SetUpgrade("websocket"u8);
        Http2Peer refusing = Http2Peer.Client();
        Assert.Equal(SubmitResult.ConnectProtocolNotEnabled,
            refusing.Session.TrySubmitRequest(head, false, null, out _));
        Http2Peer client = Http2Peer.Client(null, (8, 1));
        Http2Peer server = Http2Peer.Server();
        Assert.Equal(SubmitResult.Sent, client.Session.TrySubmitRequest(head, false, null, out _));
        client.SendTo(server);
        Assert.Equal("request 1 CONNECT http://a/chat :protocol=websocket None\n", server.TakeEvents());
    }

    [Fact]
    public void Head_OverThePeersLimit_IsNotSent()
    {
        Http2Peer client = Http2Peer.Client(null, (6, 500));
        RequestHead head = Heads2.Request(fields: ["x", new string('y', 600)]);
        Assert.Equal(SubmitResult.TooLarge, client.Session.TrySubmitRequest(head, true, null, out _));
        Assert.Equal("", client.TakeFrames());
    }

    [Fact]
    public void Head_LargerThanAFrame_GoesInContinuations()
    {
        Http2Peer client = Http2Peer.Client();
        Http2Peer server = Http2Peer.Server();
        string value = new('\u00fe', 40_000);
        client.Session.TrySubmitRequest(Heads2.Request(fields: ["x", value]), true, null, out _);
        byte[] sent = client.Output.WrittenSpan.ToArray();
        Assert.Equal("HEADERS 1 END\nCONTINUATION 1 16384\nCONTINUATION 1 7245\n", client.TakeFrames());
        server.Receive(sent, step: 1000);
        Assert.Equal($"request 1 GET http://a/ None|x={value} END\n", server.TakeEvents());
    }

    private static Http2Peer Asking(HttpMethod method)
    {
        Http2Peer client = Http2Peer.Client();
        client.Session.TrySubmitRequest(Heads2.Request(method), true, null, out _);
        client.TakeFrames();
        return client;
    }
}
