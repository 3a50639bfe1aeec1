using System;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>A session that is a client against a session that is a server.</summary>
public sealed class ExchangeTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(7)]
    [InlineData(1)]
    public void Exchange_WithBodiesAndTrailers_ArrivesWhole(int step)
    {
        Http2Peer client = new(Http2Role.Client);
        Http2Peer server = new(Http2Role.Server);
        Http2Peer.Exchange(client, server, step);
        client.TakeEvents();
        server.TakeEvents();
        RequestHead request = Request(HttpMethod.Post, "/upload?x=1");
        request.Fields.Append("Accept-Language"u8, "de"u8);
        request.Fields.Append("X-Custom"u8, "one"u8);
        request.Fields.Append(KnownField.Cookie, "a=b; c=d"u8);
        request.Body = BodyLength.Counted(5);
        Assert.Equal(SubmitResult.Sent, client.Session.TrySubmitRequest(request, false, null, out StreamKey stream));
        Send(client, stream, "hello"u8, endStream: true);
        Http2Peer.Exchange(client, server, step);
        Assert.StartsWith("request 1 POST http://example.com/upload?x=1 EndStream(5)|accept-language=de|x-custom=one"
            + "|cookie=a=b; c=d|content-length=5\n", server.TakeEvents(), StringComparison.Ordinal);

        ResponseHead response = new() { StatusCode = 200 };
        response.Fields.Append(KnownField.ContentType, "text/plain"u8);
        server.Session.SubmitResponse(server.LastStream, response, endStream: false);
        Send(server, server.LastStream, "world"u8, endStream: false);
        HttpFields trailers = new();
        trailers.Append(KnownField.GrpcStatus, "0"u8);
        server.Session.SubmitTrailers(server.LastStream, trailers);
        Http2Peer.Exchange(client, server, step);
        string events = client.TakeEvents();
        Assert.StartsWith(
            "response 1 200 EndStream|content-type=text/plain\ndata 1 w", events, StringComparison.Ordinal);
        Assert.EndsWith("trailers 1|grpc-status=0 END\n", events, StringComparison.Ordinal);
        client.Session.Release(stream);
        server.Session.Release(server.LastStream);
        Assert.Equal(0, client.Session.StreamCount + server.Session.StreamCount);
        Assert.Equal(Http2Fault.None, client.Session.Fault);
        Assert.Equal(Http2Fault.None, server.Session.Fault);
    }

    private static RequestHead Request(HttpMethod method, string path)
    {
        RequestHead head = new();
        head.SetMethod(method);
        head.SetScheme("http"u8);
        head.SetAuthority("example.com"u8);
        head.SetPath(System.Text.Encoding.Latin1.GetBytes(path));
        return head;
    }

    private static void Send(Http2Peer peer, StreamKey stream, ReadOnlySpan<byte> bytes, bool endStream)
    {
        int count = peer.Session.BeginData(stream, bytes.Length, endStream);
        Assert.Equal(bytes.Length, count);
        System.Buffers.BuffersExtensions.Write(peer.Output, bytes);
    }
}
