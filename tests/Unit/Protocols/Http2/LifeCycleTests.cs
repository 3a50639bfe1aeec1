using System;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Streams and connections from their first to their last frame.</summary>
public sealed class LifeCycleTests
{
    private const string Get = ":method: GET\n:scheme: http\n:path: /\n:authority: a\n";

    [Theory]
    [InlineData(StreamState.Open, true, true, StreamState.HalfClosedLocal, StreamState.HalfClosedRemote)]
    [InlineData(StreamState.HalfClosedLocal, false, true, StreamState.Closed, StreamState.Closed)]
    [InlineData(StreamState.HalfClosedRemote, true, false, StreamState.Closed, StreamState.Closed)]
    [InlineData(StreamState.Closed, false, false, StreamState.Closed, StreamState.Closed)]
    internal void State_IsLeftByAnEnd_AsTheDiagramSays(
        StreamState state, bool sends, bool receives, StreamState sentEnd, StreamState receivedEnd)
    {
        Assert.Equal(sends, StreamStates.CanSend(state));
        Assert.Equal(receives, StreamStates.CanReceive(state));
        Assert.Equal(receivedEnd, StreamStates.AfterReceivedEnd(state));
        Assert.True(!sends || StreamStates.AfterSentEnd(state) == sentEnd);
    }

    [Fact]
    public void Start_OfEitherRole_SaysHello()
    {
        Http2Peer server = new(Http2Role.Server);
        Assert.Equal("SETTINGS\nWINDOW_UPDATE 0 983041\n", server.TakeFrames());
        Http2Peer client = new(Http2Role.Client);
        Assert.True(client.Output.WrittenSpan.StartsWith("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8));
        Assert.Equal("SETTINGS\nWINDOW_UPDATE 0 983041\n", client.TakeFrames());
    }

    [Fact]
    public void Server_AnswersBeforeTheRequestEnds_ReleaseResetsWithNoError()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get, endStream: false));
        server.Session.SubmitResponse(server.LastStream, Heads2.Response(413), endStream: true);
        server.Session.Release(server.LastStream);
        Assert.Equal("HEADERS 1 END\nRST_STREAM 1 NoError\n", server.TakeFrames());
        server.Receive(Frames.Data(1, [1, 2], endStream: true));
        Assert.False(server.Session.IsFailed);
    }

    [Fact]
    public void Key_OfAReleasedStream_IsIgnoredEverywhere()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get));
        StreamKey old = server.LastStream;
        server.Session.SetOwner(old, "one");
        server.Session.Release(old);
        server.Receive(Frames.Headers(3, Get));
        Assert.Equal(old.Index, server.LastStream.Index);
        server.TakeFrames();
        server.Session.Release(old);
        server.Session.Reset(old, Http2ErrorCode.Cancel);
        server.Session.ConsumeData(old, 5);
        server.Session.SetPending(old, true);
        Assert.Equal(-1, server.Session.BeginData(old, 1, true));
        Assert.Equal(SubmitResult.StreamClosed, server.Session.SubmitResponse(old, Heads2.Response(), true));
        Assert.Null(server.Session.OwnerOf(old));
        Assert.Null(server.Session.OwnerOf(server.LastStream));
        Assert.Equal("", server.TakeFrames());
        Assert.Equal(1, server.Session.StreamCount);
    }

    [Fact]
    public void Client_StreamLimitOfThePeer_IsKept()
    {
        Http2Peer client = Http2Peer.Client(null, (3, 2));
        Assert.Equal(2, client.Session.StreamsFree);
        client.Session.TrySubmitRequest(Heads2.Request(), true, null, out StreamKey first);
        client.Session.TrySubmitRequest(Heads2.Request(), true, null, out StreamKey second);
        Assert.Equal(SubmitResult.NoStreamFree, client.Session.TrySubmitRequest(Heads2.Request(), true, null, out _));
        client.Receive(Frames.Headers(1, ":status: 200"));
        Assert.Equal(1, client.Session.StreamsFree);
        client.Receive(Frames.RstStream(3));
        Assert.Equal(2, client.Session.StreamsFree);
        client.Session.Release(first);
        client.Session.Release(second);
        client.Receive(Frames.Settings((3, 5)));
        Assert.Equal(5, client.Session.StreamsFree);
    }

    [Fact]
    public void Client_GetsGoAway_StreamsAboveMayBeSentAgain()
    {
        Http2Peer client = Http2Peer.Client();
        client.Session.TrySubmitRequest(Heads2.Request(), true, null, out _);
        client.Session.TrySubmitRequest(Heads2.Request(), true, null, out _);
        client.Receive(Frames.GoAway(int.MaxValue));
        Assert.Equal("goaway 2147483647 NoError\n", client.TakeEvents());
        Assert.Equal(SubmitResult.GoingAway, client.Session.TrySubmitRequest(Heads2.Request(), true, null, out _));
        client.Receive(Frames.GoAway(1));
        Assert.Equal("reset 3 RefusedStream None\ngoaway 1 NoError\n", client.TakeEvents());
        client.Receive(Frames.Headers(1, ":status: 200"));
        Assert.Equal("response 1 200 None END\n", client.TakeEvents());
    }

    [Fact]
    public void Server_DrainsInTwoPhases_TakesWhatWasOnItsWay()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get));
        server.Session.AnnounceGoAway();
        server.Receive(Frames.Headers(3, Get));
        server.Session.GoAway(Http2ErrorCode.NoError);
        server.TakeEvents();
        server.Receive(Frames.Headers(5, Get));
        Assert.Equal("", server.TakeEvents());
        Assert.Equal("GOAWAY 2147483647 NoError\nGOAWAY 3 NoError\n", server.TakeFrames());
        Assert.Equal(2, server.Session.StreamCount);
        server.Receive(Frames.Data(5, [1], true));
        Assert.False(server.Session.IsFailed);
    }

    [Fact]
    public void Ping_IsEchoedAndItsEchoIsTold()
    {
        Http2Peer server = Http2Peer.Server();
        Http2Peer client = Http2Peer.Client();
        client.Session.SendPing(42);
        client.SendTo(server);
        server.SendTo(client);
        Assert.Equal("ping-ack 42\n", client.TakeEvents());
    }

    [Fact]
    public void Closed_StreamThatEndedByItself_TakesNoMoreFrames()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get));
        server.Session.SubmitResponse(server.LastStream, Heads2.Response(), endStream: true);
        server.Session.Release(server.LastStream);
        server.TakeFrames();
        server.Receive(Frames.Data(1, [1], false));
        Assert.Equal("RST_STREAM 1 StreamClosed\n", server.TakeFrames());
        Http2Peer other = Http2Peer.Server();
        other.Receive(Frames.Headers(3, Get));
        other.Session.SubmitResponse(other.LastStream, Heads2.Response(), endStream: true);
        other.Session.Release(other.LastStream);
        other.TakeFrames();
        other.Receive(Frames.Headers(1, Get));
        Assert.Equal("GOAWAY 3 StreamClosed\n", other.TakeFrames());
    }

    [Fact]
    public void WindowUpdateAndReset_OfAClosedStream_AreIgnored()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get));
        server.Session.SubmitResponse(server.LastStream, Heads2.Response(), endStream: true);
        server.Session.Release(server.LastStream);
        server.TakeFrames();
        server.Receive(Frames.WindowUpdate(1, 5), Frames.RstStream(1));
        Assert.Equal("", server.TakeFrames());
    }

    [Fact]
    public void Settings_ChangeWhileRunning_HoldFromTheirAcknowledgement()
    {
        Http2Peer server = Http2Peer.Server(new Http2Limits { StreamWindowBytes = 65535 });
        server.Receive(Frames.Headers(1, Get, endStream: false));
        Assert.True(server.Session.TryChangeSettings(1000, 5));
        Assert.False(server.Session.TryChangeSettings(2000, 5));
        Assert.Equal(65535, server.Session[server.LastStream].ReceiveWindow.Bytes);
        server.Receive(Frames.SettingsAck());
        Assert.Equal(1000, server.Session[server.LastStream].ReceiveWindow.Bytes);
        Assert.True(server.Session.TryChangeSettings(2000, 5));
    }

    [Fact]
    public void Priority_IsReadFromFieldAndFrame()
    {
        Http2Peer server = Http2Peer.Server();
        server.Receive(Frames.Headers(1, Get + "priority: u=1, i\n"));
        Http2Stream stream = server.Session[server.LastStream];
        Assert.Equal((1, true), (stream.Urgency, stream.IsIncremental));
        server.Receive(Frames.Frame(FrameType.PriorityUpdate, FrameFlags.None, 0, [0, 0, 0, 1, .. "u=6"u8]));
        stream = server.Session[server.LastStream];
        Assert.Equal((6, false), (stream.Urgency, stream.IsIncremental));
    }

    [Theory]
    [InlineData("", 3, false)]
    [InlineData("u=0", 0, false)]
    [InlineData("i", 3, true)]
    [InlineData("u=7,i=?1", 7, true)]
    [InlineData("i=?0, u=5;x=1", 5, false)]
    [InlineData("u=9", 3, false)]
    [InlineData("u=2, u=4", 4, false)]
    [InlineData("nonsense, i;q", 3, true)]
    public void Priority_IsParsed_AsRfc9218Says(string text, int urgency, bool incremental)
    {
        Http2Priority priority = Http2Priority.Parse(System.Text.Encoding.ASCII.GetBytes(text));
        Assert.Equal((urgency, incremental), (priority.Urgency, priority.IsIncremental));
    }

    [Fact]
    public void Pause_FromAHandler_StopsAfterTheFrame()
    {
        Http2Peer server = Http2Peer.Server();
        int requests = 0;
        server.OnRequest = (stream, head) =>
        {
            requests++;
            server.Session.Pause();
        };
        server.Receive([.. Frames.Headers(1, Get), .. Frames.Headers(3, Get)]);
        Assert.Equal(2, requests);
    }

    [Fact]
    public void Trim_OfAnIdleConnection_KeepsItUsable()
    {
        Http2Peer client = new(Http2Role.Client);
        Http2Peer server = new(Http2Role.Server);
        server.OnRequest = (stream, head) =>
        {
            server.Session.SubmitResponse(stream, Heads2.Response(200, "server", "x"), endStream: true);
            server.Session.Release(stream);
        };
        for (int i = 0; i < 3; i++)
        {
            client.Session.TrySubmitRequest(Heads2.Request(fields: ["x-a", "1"]), true, null, out StreamKey stream);
            Http2Peer.Exchange(client, server);
            Assert.EndsWith("200 None|server=x END\n", client.TakeEvents(), StringComparison.Ordinal);
            client.Session.Release(stream);
            client.Session.Trim();
            server.Session.Trim();
        }

        Assert.Equal(Http2Fault.None, server.Session.Fault);
        Assert.Equal(Http2Fault.None, client.Session.Fault);
    }
}
