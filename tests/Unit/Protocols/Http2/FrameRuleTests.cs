using System;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Frames that RFC 9113 §4 to §6 forbid: the scope and the code that they name.</summary>
public sealed class FrameRuleTests
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

    public static IEnumerable<TheoryDataRow<string, string>> ServerRows() =>
        Rows(ServerTable());

    public static IEnumerable<TheoryDataRow<string, string>> ClientRows() =>
        Rows(ClientTable());

    [Theory]
    [MemberData(nameof(ServerRows))]
    public void Frame_BreaksARule_ServerEndsStreamOrConnection(string name, string expected)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get, endStream: false));
        server.TakeEvents();
        server.TakeFrames();
        server.Receive(ServerTable()[name].Frames);
        Assert.Equal(expected, Answer(server));
        Assert.Equal(expected.Contains("GOAWAY", StringComparison.Ordinal), server.Session.IsFailed);
    }

    [Theory]
    [MemberData(nameof(ServerRows))]
    public void Frame_BreaksARuleByteByByte_EndsTheSame(string name, string expected)
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get, endStream: false));
        server.TakeFrames();
        server.Receive(ServerTable()[name].Frames.SelectMany(frame => frame).ToArray(), step: 1);
        Assert.Equal(expected, Answer(server));
    }

    [Theory]
    [MemberData(nameof(ClientRows))]
    public void Frame_BreaksARule_ClientEndsStreamOrConnection(string name, string expected)
    {
        Http2Peer client = Http2Peer.Client();
        client.Session.TrySubmitRequest(Heads2.Request(), false, null, out _);
        client.TakeFrames();
        client.Receive(ClientTable()[name].Frames);
        Assert.Equal(expected, client.TakeFrames());
    }

    [Fact]
    public void FirstFrame_IsNotSettings_EndsTheConnection()
    {
        Http2Peer server = new(Http2Role.Server);
        server.TakeFrames();
        server.Receive(Frames.Preface, Frames.Ping());
        Assert.Equal("GOAWAY 0 ProtocolError\n", server.TakeFrames());
        Assert.Equal(Http2Fault.SettingsNotFirst, server.Session.Fault);
    }

    [Fact]
    public void Frames_AfterTheOneThatEndedTheConnection_AreNotRead()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get, endStream: false));
        server.TakeEvents();
        byte[] padded = Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, 1);
        server.Receive([.. padded, .. Frames.Headers(3, Get), .. Frames.Headers(5, "Upper: x")]);
        Assert.Equal("", server.TakeEvents());
        Assert.Equal("GOAWAY 1 ProtocolError\n", server.TakeFrames());
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\rX")]
    public void Preface_IsNotHttp2_EndsTheConnection(string text)
    {
        Http2Peer server = new(Http2Role.Server);
        server.TakeFrames();
        server.Receive(System.Text.Encoding.ASCII.GetBytes(text), step: 1);
        Assert.Equal("GOAWAY 0 ProtocolError\n", server.TakeFrames());
        Assert.Equal(Http2Fault.MalformedPreface, server.Session.Fault);
    }

    private static string Answer(Http2Peer server) =>
        server.TakeFrames().Replace("SETTINGS ACK\n", "", StringComparison.Ordinal);

    private static IEnumerable<TheoryDataRow<string, string>> Rows(
        Dictionary<string, (byte[][] Frames, string Expected)> table) =>
        table.Select(row => new TheoryDataRow<string, string>(row.Key, row.Value.Expected));

    private static byte[] Raw(FrameType type, int stream, int length, FrameFlags flags = FrameFlags.None) =>
        Frames.Frame(type, flags, stream, new byte[length]);

    private static Dictionary<string, (byte[][] Frames, string Expected)> ServerTable()
    {
        Dictionary<string, (byte[][] Frames, string Expected)> table = new(StringComparer.Ordinal);
        void Connection(string name, Http2ErrorCode code, params byte[][] frames) =>
            table.Add(name, (frames, $"GOAWAY 1 {code}\n"));
        void Stream(string name, Http2ErrorCode code, params byte[][] frames) =>
            table.Add(name, (frames, $"RST_STREAM 1 {code}\n"));
        AddConnectionRows(Connection);
        AddSettingsRows(Connection);
        Stream("window update by zero", Http2ErrorCode.ProtocolError, Frames.WindowUpdate(1, 0));
        Stream("stream window overflow", Http2ErrorCode.FlowControlError, Frames.WindowUpdate(1, int.MaxValue));
        Stream("priority of 4 bytes", Http2ErrorCode.FrameSizeError, Raw(FrameType.Priority, 1, 4));
        Stream("self dependency", Http2ErrorCode.ProtocolError,
            Frames.Frame(FrameType.Priority, FrameFlags.None, 1, 0, 0, 0, 1, 0));
        Stream("data after end", Http2ErrorCode.StreamClosed, Frames.Data(1, [], true), Frames.Data(1, [1], true));
        Stream("headers after end", Http2ErrorCode.StreamClosed, Frames.Data(1, [], true), Frames.Headers(1, "x: y"));
        table.Add("self dependency of a new stream", ([Frames.Frame(FrameType.Headers,
            FrameFlags.EndHeaders | FrameFlags.Priority, 3, [0, 0, 0, 3, 0, .. Frames.Block(Get)])],
            "RST_STREAM 3 ProtocolError\n"));
        table.Add("priority on an idle stream", ([Raw(FrameType.Priority, 9, 5)], ""));
        table.Add("unknown type", ([Raw((FrameType)0x77, 1, 5)], ""));
        table.Add("unknown flags", ([Frames.Frame(FrameType.Ping, (FrameFlags)0xFE, 0, new byte[8])], "PING ACK\n"));
        table.Add("window update after end", ([Frames.Data(1, [], true), Frames.WindowUpdate(1, 1)], ""));
        table.Add("padded data", ([Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, 3, 1, 2, 0, 0, 0)], ""));
        return table;
    }

    private static void AddConnectionRows(Action<string, Http2ErrorCode, byte[][]> row)
    {
        const Http2ErrorCode Protocol = Http2ErrorCode.ProtocolError;
        const Http2ErrorCode Size = Http2ErrorCode.FrameSizeError;
        row("data on stream 0", Protocol, [Raw(FrameType.Data, 0, 1)]);
        row("data on an idle stream", Protocol, [Raw(FrameType.Data, 3, 1)]);
        row("data padded beyond its end", Protocol, [Frames.Frame(FrameType.Data, FrameFlags.Padded, 1, 5, 0)]);
        row("data without its padding length", Size, [Raw(FrameType.Data, 1, 0, FrameFlags.Padded)]);
        row("headers on stream 0", Protocol, [Raw(FrameType.Headers, 0, 1, FrameFlags.EndHeaders)]);
        row("headers on an even stream", Protocol, [Frames.Headers(2, Get)]);
        row("headers padded beyond their end", Protocol,
            [Frames.Frame(FrameType.Headers, FrameFlags.Padded | FrameFlags.EndHeaders, 3, 9, 0)]);
        row("headers without their priority", Size,
            [Raw(FrameType.Headers, 3, 4, FrameFlags.Priority | FrameFlags.EndHeaders)]);
        row("push promise", Protocol, [Raw(FrameType.PushPromise, 1, 8)]);
        row("continuation alone", Protocol, [Raw(FrameType.Continuation, 1, 1, FrameFlags.EndHeaders)]);
        row("continuation of another stream", Protocol,
            [Raw(FrameType.Headers, 3, 1), Raw(FrameType.Continuation, 1, 1, FrameFlags.EndHeaders)]);
        row("ping within a block", Protocol, [Raw(FrameType.Headers, 3, 1), Frames.Ping()]);
        row("unknown type within a block", Protocol, [Raw(FrameType.Headers, 3, 1), Raw((FrameType)0x77, 1, 5)]);
        row("ping of 7 bytes", Size, [Raw(FrameType.Ping, 0, 7)]);
        row("ping on a stream", Protocol, [Raw(FrameType.Ping, 1, 8)]);
        row("goaway of 7 bytes", Size, [Raw(FrameType.GoAway, 0, 7)]);
        row("goaway on a stream", Protocol, [Raw(FrameType.GoAway, 1, 8)]);
        row("goaway that increases", Protocol, [Frames.GoAway(1), Frames.GoAway(3)]);
        row("reset of 3 bytes", Size, [Raw(FrameType.RstStream, 1, 3)]);
        row("reset of stream 0", Protocol, [Raw(FrameType.RstStream, 0, 4)]);
        row("reset of an idle stream", Protocol, [Frames.RstStream(3)]);
        row("window update of 3 bytes", Size, [Raw(FrameType.WindowUpdate, 1, 3)]);
        row("window update of an idle stream", Protocol, [Frames.WindowUpdate(3, 1)]);
        row("connection window update by zero", Protocol, [Frames.WindowUpdate(0, 0)]);
        row("connection window overflow", Http2ErrorCode.FlowControlError, [Frames.WindowUpdate(0, int.MaxValue)]);
        row("priority on stream 0", Protocol, [Raw(FrameType.Priority, 0, 5)]);
        row("self dependency of an idle stream", Protocol,
            [Frames.Frame(FrameType.Priority, FrameFlags.None, 9, 0, 0, 0, 9, 0)]);
        row("priority update on a stream", Protocol, [Raw(FrameType.PriorityUpdate, 1, 5)]);
        row("priority update of stream 0", Protocol, [Raw(FrameType.PriorityUpdate, 0, 5)]);
        row("priority update of 3 bytes", Size, [Raw(FrameType.PriorityUpdate, 0, 3)]);
        row("frame over the limit", Size, [Raw(FrameType.Data, 1, 16385)]);
        row("index 0", Http2ErrorCode.CompressionError,
            [Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0x80)]);
        row("index beyond the table", Http2ErrorCode.CompressionError,
            [Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders | FrameFlags.EndStream, 1, 0xBE)]);
        row("compression error in a refused block", Http2ErrorCode.CompressionError,
            [Frames.Frame(FrameType.Headers, FrameFlags.EndHeaders, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F)]);
    }

    private static void AddSettingsRows(Action<string, Http2ErrorCode, byte[][]> row)
    {
        const Http2ErrorCode Protocol = Http2ErrorCode.ProtocolError;
        row("settings on a stream", Protocol, [Raw(FrameType.Settings, 1, 6)]);
        row("settings of 5 bytes", Http2ErrorCode.FrameSizeError, [Raw(FrameType.Settings, 0, 5)]);
        row("acknowledgement with content", Http2ErrorCode.FrameSizeError,
            [Raw(FrameType.Settings, 0, 6, FrameFlags.Ack)]);
        row("enable push 2", Protocol, [Frames.Settings((2, 2))]);
        row("initial window 2^31", Http2ErrorCode.FlowControlError, [Frames.Settings((4, 0x80000000))]);
        row("frame size 16383", Protocol, [Frames.Settings((5, 16383))]);
        row("frame size 2^24", Protocol, [Frames.Settings((5, 1 << 24))]);
        row("connect protocol 2", Protocol, [Frames.Settings((8, 2))]);
        row("connect protocol withdrawn", Protocol, [Frames.Settings((8, 1)), Frames.Settings((8, 0))]);
        row("priorities changed", Protocol, [Frames.Settings((9, 1))]);
        row("initial window makes a stream overflow", Http2ErrorCode.FlowControlError,
            [Frames.WindowUpdate(1, int.MaxValue - 65535), Frames.Settings((4, 65536))]);
    }

    private static Dictionary<string, (byte[][] Frames, string Expected)> ClientTable() => new(StringComparer.Ordinal)
    {
        ["push promise"] = ([Raw(FrameType.PushPromise, 1, 8)], "GOAWAY 0 ProtocolError\n"),
        ["headers on an even stream"] = ([Frames.Headers(2, ":status: 200")], "GOAWAY 0 ProtocolError\n"),
        ["headers on an idle stream"] = ([Frames.Headers(3, ":status: 200")], "GOAWAY 0 ProtocolError\n"),
        ["enable push 1"] = ([Frames.Settings((2, 1))], "GOAWAY 0 ProtocolError\n"),
        ["priority update"] = ([Raw(FrameType.PriorityUpdate, 0, 5)], "GOAWAY 0 ProtocolError\n"),
        ["data before the head"] = ([Frames.Data(1, [1], false)], "RST_STREAM 1 ProtocolError\n"),
        ["window update of an idle stream"] = ([Frames.WindowUpdate(2, 1)], "GOAWAY 0 ProtocolError\n"),
    };
}
