using System;
using System.Threading.Tasks;
using FastMesh.Protocols;
using FastMesh.Tests.Support;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary>What the proxy says to a gRPC client in the upstream's stead.</summary>
public sealed class GrpcReplyTests
{
    private const string Grpc = "content-type: application/grpc+proto\nte: trailers";

    [Theory]
    [InlineData("/reset/1", Grpc, "14")]
    [InlineData("/hang", Grpc, "14")]
    public void UpstreamFails_CallGetsStatusAndTextInTheHead(string path, string fields, string status)
    {
        var world = new SimulatedHttpWorld(1);
        Http2Call call = world.Run(CallAsync(world, client => client.Post(path, "\0\0\0\0\0", fields)));
        Assert.Equal((200, status, "application/grpc"),
            (call.Status, call.Field("grpc-status"), call.Field("content-type")));
        Assert.NotEmpty(call.Field("grpc-message")!);
        Assert.Null(call.Field("content-length"));
        Assert.Equal((true, 0), (call.IsWhole, call.Body.Length));
    }

    [Fact]
    public void RouteIsMissing_CallIsUnimplemented()
    {
        var world = new SimulatedHttpWorld(1, configure: static settings => settings with
        {
            Routes = new FastMesh.Model.RouteConfiguration { Name = "empty" },
        });
        Http2Call call = world.Run(CallAsync(world, client => client.Post("/s/m", "\0\0\0\0\0", Grpc)));
        Assert.Equal((200, "12"), (call.Status, call.Field("grpc-status")));
    }

    [Fact]
    public void NoCall_GetsItsHttpStatus()
    {
        var world = new SimulatedHttpWorld(1);
        Http2Call call = world.Run(
            CallAsync(world, client => client.Post("/reset", "x", "content-type: application/grpc-web")));
        Assert.Equal((503, null), (call.Status, call.Field("grpc-status")));
    }

    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("100% über\n", "100%25 %C3%BCber%0A")]
    public void Message_OutsidePrintableAscii_IsPercentEncoded(string text, string expected)
    {
        Span<byte> value = stackalloc byte[64];
        int length = GrpcCalls.WriteMessage(System.Text.Encoding.UTF8.GetBytes(text), value);
        Assert.Equal(expected, System.Text.Encoding.ASCII.GetString(value[..length]));
    }

    private static async Task<Http2Call> CallAsync(SimulatedHttpWorld world, Func<Http2Client, Http2Call> send)
    {
        Http2Client client = await world.ConnectHttp2Async();
        return await send(client).Done;
    }
}
