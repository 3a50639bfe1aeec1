using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Connections;
using FastMesh.Engine.Downstream;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>Every filter sees its bytes whole, in two pieces cut at every byte, and one by one.</summary>
public sealed class ListenerFilterTests
{
    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", "http/1.1")]
    [InlineData("GET / HTTP/1.0\r\n", "http/1.0")]
    [InlineData("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "h2c")]
    public void HttpInspector_AnySplit_FindsTheVersion(string bytes, string expected) =>
        ForEverySplit(Encoding.ASCII.GetBytes(bytes), static () => new HttpInspectorFilter(), facts =>
            Assert.Equal([expected], facts.ApplicationProtocols!));

    [Fact]
    public void HttpInspector_OtherBytes_NameNoProtocol()
    {
        (FilterVerdict verdict, ConnectionFacts facts, _) =
            Run(new HttpInspectorFilter(), "SSH-2.0-x\r\n"u8.ToArray(), [1]);
        Assert.Equal(FilterVerdict.Done, verdict);
        Assert.Null(facts.ApplicationProtocols);
    }

    [Fact]
    public void HttpInspector_TlsFoundBefore_DoesNotWait()
    {
        ConnectionFacts facts = new() { TransportProtocol = "tls", ApplicationProtocols = ["h2"] };
        FilterInput input = new();
        Assert.Equal(FilterVerdict.Done, new HttpInspectorFilter().Inspect(ref input, ref facts));
        Assert.Equal(["h2"], facts.ApplicationProtocols!);
    }

    [Fact]
    public void TlsInspector_AnySplit_FindsNameAndProtocols() =>
        ForEverySplit(Hello("WWW.Example.com", "istio", "h2"), static () => new TlsInspectorFilter(), facts =>
        {
            Assert.Equal("tls", facts.TransportProtocol);
            Assert.Equal("www.example.com", facts.ServerName);
            Assert.Equal(["istio", "h2"], facts.ApplicationProtocols!);
        });

    [Fact]
    public void TlsInspector_PlainBytes_AreRawBufferAtTheFirstByte()
    {
        (FilterVerdict verdict, ConnectionFacts facts, int calls) = Run(new TlsInspectorFilter(), "GET"u8.ToArray(), [1]);
        Assert.Equal(FilterVerdict.Done, verdict);
        Assert.Equal(1, calls);
        Assert.Equal("raw_buffer", facts.TransportProtocol);
        Assert.Null(facts.ServerName);
    }

    [Theory]
    [InlineData(false, FilterVerdict.Done)]
    [InlineData(true, FilterVerdict.Close)]
    public void TlsInspector_MalformedHello_ClosesOnlyWhenTold(bool closes, object expected)
    {
        byte[] hello = Hello("a.b", "h2");
        hello[5] = 2;
        (FilterVerdict verdict, ConnectionFacts facts, _) =
            Run(new TlsInspectorFilter { ClosesOnMalformed = closes }, hello, []);
        Assert.Equal(expected, verdict);
        Assert.Equal("raw_buffer", facts.TransportProtocol);
    }

    [Fact]
    public void TlsInspector_HelloAboveItsLimit_IsRawBuffer()
    {
        byte[] hello = Hello("www.example.com", "h2");
        (FilterVerdict verdict, ConnectionFacts facts, _) =
            Run(new TlsInspectorFilter { HelloBytesMax = 20 }, hello, [30]);
        Assert.Equal(FilterVerdict.Done, verdict);
        Assert.Equal("raw_buffer", facts.TransportProtocol);
    }

    [Fact]
    public void TlsInspector_TwoConnectionsInterleaved_KeepApart()
    {
        TlsInspectorFilter filter = new();
        byte[] first = Hello("first.example", "h2");
        byte[] second = Hello("second.example", "http/1.1");
        ConnectionFacts one = default;
        ConnectionFacts two = default;
        FilterInput a = new() { Bytes = new ReadOnlySequence<byte>(first, 0, 40) };
        FilterInput b = new() { Bytes = new ReadOnlySequence<byte>(second, 0, 40) };
        Assert.Equal(FilterVerdict.NeedMore, filter.Inspect(ref a, ref one));
        Assert.Equal(FilterVerdict.NeedMore, filter.Inspect(ref b, ref two));
        a.Bytes = new ReadOnlySequence<byte>(first);
        b.Bytes = new ReadOnlySequence<byte>(second);
        Assert.Equal(FilterVerdict.Done, filter.Inspect(ref a, ref one));
        Assert.Equal(FilterVerdict.Done, filter.Inspect(ref b, ref two));
        Assert.Equal(("first.example", "second.example"), (one.ServerName, two.ServerName));
    }

    [Theory]
    [InlineData("PROXY TCP4 203.0.113.7 198.51.100.2 5000 443\r\n", "203.0.113.7:5000", "198.51.100.2:443")]
    [InlineData("PROXY TCP6 2001:db8::7 2001:db8::2 5000 443\r\n", "[2001:db8::7]:5000", "[2001:db8::2]:443")]
    public void ProxyProtocol_AnySplit_RestoresAddressesAndTakesOnlyTheHeader(string header, string from, string to) =>
        ForEverySplit(
            Encoding.ASCII.GetBytes(header + "GET"),
            static () => new ProxyProtocolFilter(),
            facts =>
            {
                Assert.Equal(FilterChainSelectorTests.Address(from), facts.Remote);
                Assert.Equal(FilterChainSelectorTests.Address(to), facts.Local);
                Assert.True(facts.IsLocalRestored);
            },
            header.Length);

    [Fact]
    public void ProxyProtocol_Unknown_KeepsTheSocketsAddresses() =>
        ForEverySplit("PROXY UNKNOWN\r\n"u8.ToArray(), static () => new ProxyProtocolFilter(), facts =>
        {
            Assert.False(facts.Remote.HasValue);
            Assert.False(facts.IsLocalRestored);
        }, 15);

    [Theory]
    [InlineData(false, FilterVerdict.Close)]
    [InlineData(true, FilterVerdict.Done)]
    public void ProxyProtocol_Absent_PassesOnlyWhereAllowed(bool allows, object expected)
    {
        ProxyProtocolFilter filter = new() { AllowsAbsent = allows };
        (FilterVerdict verdict, _, _) = Run(filter, "GET / HTTP/1.1\r\n"u8.ToArray(), []);
        Assert.Equal(expected, verdict);
        Assert.Equal(!allows, filter.IsMandatory);
    }

    [Fact]
    public void ProxyProtocol_Malformed_ClosesEvenWhereAbsenceIsAllowed()
    {
        (FilterVerdict verdict, _, _) =
            Run(new ProxyProtocolFilter { AllowsAbsent = true }, "PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n"u8.ToArray(), []);
        Assert.Equal(FilterVerdict.Close, verdict);
    }

    internal static byte[] Hello(string serverName, params string[] protocols)
    {
        List<byte> list = [];
        foreach (string protocol in protocols)
        {
            list.Add((byte)protocol.Length);
            list.AddRange(Encoding.ASCII.GetBytes(protocol));
        }

        byte[] name = Encoding.ASCII.GetBytes(serverName);
        List<byte> extensions =
        [
            0, 0, .. Two(name.Length + 5), .. Two(name.Length + 3), 0, .. Two(name.Length), .. name,
            0, 16, .. Two(list.Count + 2), .. Two(list.Count), .. list,
        ];
        List<byte> body =
        [
            3, 3, .. new byte[32], 0, 0, 2, 0x13, 0x01, 1, 0, .. Two(extensions.Count), .. extensions,
        ];
        return [22, 3, 1, .. Two(body.Count + 4), 1, 0, .. Two(body.Count), .. body];
    }

    private static byte[] Two(int value) => [(byte)(value >> 8), (byte)value];

    private static void ForEverySplit(
        byte[] bytes, Func<ListenerFilter> create, Action<ConnectionFacts> check, int consumed = 0)
    {
        for (int cut = 1; cut <= bytes.Length; cut++)
        {
            Check([cut]);
        }

        int[] every = new int[bytes.Length];
        for (int i = 0; i < every.Length; i++)
        {
            every[i] = i + 1;
        }

        Check(every);

        void Check(int[] cuts)
        {
            ConsumedOfLastRun = 0;
            (FilterVerdict verdict, ConnectionFacts facts, _) = Run(create(), bytes, cuts);
            Assert.Equal(FilterVerdict.Done, verdict);
            Assert.Equal(consumed, ConsumedOfLastRun);
            check(facts);
        }
    }

    [ThreadStatic]
    private static long ConsumedOfLastRun;

    /// <summary>Shows ever longer beginnings, each made of as many segments as there were cuts.</summary>
    private static (FilterVerdict Verdict, ConnectionFacts Facts, int Calls) Run(
        ListenerFilter filter, byte[] bytes, int[] cuts)
    {
        ConnectionFacts facts = default;
        object? state = null;
        int calls = 0;
        List<int> ends = [.. cuts];
        if (ends.Count == 0 || ends[^1] != bytes.Length)
        {
            ends.Add(bytes.Length);
        }

        for (int i = 0; i < ends.Count; i++)
        {
            FilterInput input = new() { Bytes = Sequence(bytes, ends, i), State = state };
            FilterVerdict verdict = filter.Inspect(ref input, ref facts);
            calls++;
            state = input.State;
            if (verdict != FilterVerdict.NeedMore)
            {
                ConsumedOfLastRun = input.Consumed;
                return (verdict, facts, calls);
            }
        }

        return (FilterVerdict.NeedMore, facts, calls);
    }

    private static ReadOnlySequence<byte> Sequence(byte[] bytes, List<int> ends, int last)
    {
        Piece first = new(bytes.AsMemory(0, ends[0]), 0);
        Piece end = first;
        for (int i = 1; i <= last; i++)
        {
            end = end.Then(bytes.AsMemory(ends[i - 1], ends[i] - ends[i - 1]));
        }

        return new ReadOnlySequence<byte>(first, 0, end, end.Memory.Length);
    }

    private sealed class Piece : ReadOnlySequenceSegment<byte>
    {
        public Piece(ReadOnlyMemory<byte> bytes, long index)
        {
            Memory = bytes;
            RunningIndex = index;
        }

        public Piece Then(ReadOnlyMemory<byte> bytes)
        {
            Piece next = new(bytes, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
