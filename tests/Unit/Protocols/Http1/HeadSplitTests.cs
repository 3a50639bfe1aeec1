using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>A head means the same wherever the network cut it, and bytes behind it are left alone.</summary>
public sealed class HeadSplitTests
{
    private const string Tail = "GET /next HTTP/1.1\r\n";

    public static TheoryData<string> Requests =>
    [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\nPOST http://x:80?q HTTP/1.1\r\nHost: y\r\nContent-Length: 20\r\nX-Empty:\r\nCookie: a=b; c=d\r\n\r\n",
        "PUT /a/b?c=d HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "MYMETHOD /x HTTP/1.1\r\nHost: [::1]:80\r\nA: \t b\t \r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_SplitAtEveryByte_MeansTheSame(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text + Tail);
        string whole = Heads.RequestInPieces([bytes]);
        Assert.StartsWith($"{text.Length} ", whole, System.StringComparison.Ordinal);
        for (int at = 0; at <= bytes.Length; at++)
        {
            Assert.Equal(whole, Heads.RequestInPieces(Heads.SplitAt(bytes, at)));
        }

        Assert.Equal(whole, Heads.RequestInPieces(Heads.OneByOne(bytes)));
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_SequenceOfPieces_MeansTheSame(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text + Tail);
        string whole = Heads.RequestInPieces([bytes]);
        foreach (IEnumerable<byte[]> pieces in new[] { Heads.OneByOne(bytes), Heads.SplitAt(bytes, text.Length - 1) })
        {
            RequestHead head = new();
            Http1ParseState state = default;
            ParseStatus status = Http1HeadParser.ParseRequest(Heads.Sequence(pieces), head, Http1Limits.Default,
                ref state, out long consumed, out _);
            Assert.Equal(ParseStatus.Done, status);
            Assert.Equal(whole, $"{consumed} {Heads.Render(head)}");
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n")]
    [InlineData("HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void Response_SplitAtEveryByte_MeansTheSame(string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text + "hello");
        string whole = Heads.ResponseInPieces([bytes]);
        Assert.StartsWith($"{text.Length} ", whole, System.StringComparison.Ordinal);
        for (int at = 0; at <= bytes.Length; at++)
        {
            Assert.Equal(whole, Heads.ResponseInPieces(Heads.SplitAt(bytes, at)));
        }

        Assert.Equal(whole, Heads.ResponseInPieces(Heads.OneByOne(bytes)));
    }

    [Fact]
    public void Request_HeadInTwoPiecesWithLargeBodyBehind_TakesOnlyTheHead()
    {
        byte[] first = Encoding.ASCII.GetBytes("POST / HTTP/1.1\r\nHost: a\r\nContent-");
        byte[] second = new byte[100_000];
        Encoding.ASCII.GetBytes("Length: 99976\r\n\r\n").CopyTo(second, 0);
        RequestHead head = new();
        Http1ParseState state = default;
        Assert.Equal(ParseStatus.NeedMore, Parse(first, head, ref state, out int consumed));
        Assert.Equal(first.Length, consumed);
        Assert.True(state.HasStarted);
        Assert.Equal(ParseStatus.Done, Parse(second, head, ref state, out consumed));
        Assert.Equal(17, consumed);
        Assert.Equal(99976, head.Body.Length);
        Assert.False(state.HasStarted);
    }

    [Fact]
    public void Request_HeadReused_KeepsNothingOfTheOneBefore()
    {
        RequestHead head = new();
        Http1ParseState state = default;
        byte[] first = Heads.Bytes("POST /one HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 5\r\n\r\n");
        Parse(first, head, ref state, out _);
        Parse(Heads.Bytes("GET / HTTP/1.0\r\n\r\n"), head, ref state, out _);
        Assert.Equal("GET||/|Http10|None|False|False|", Heads.Render(head));
    }

    [Fact]
    public void Request_ErrorInLaterLine_LeavesMethodAndPathForTheLog()
    {
        RequestHead head = new();
        Http1ParseState state = default;
        byte[] bytes = Heads.Bytes("GET /secret HTTP/1.1\r\nHost: a\r\nbad\r\n\r\n");
        Assert.Equal(ParseStatus.Error, Parse(bytes, head, ref state, out _));
        Assert.Equal("/secret", Heads.Text(head.Path));
    }

    private static ParseStatus Parse(byte[] bytes, RequestHead head, ref Http1ParseState state, out int consumed) =>
        Http1HeadParser.ParseRequest(bytes, head, Http1Limits.Default, ref state, out consumed, out _);
}
