using System;
using System.Buffers;
using System.Collections.Generic;
using System.Linq;
using FastMesh.Protocols;
using FastMesh.Protocols.Tcp;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>ClientHello: whole and split agree, and nothing points outside.</summary>
internal sealed class ClientHelloTarget : FuzzTarget
{
    private readonly ClientHello _hello = new();

    public override string Name => "client-hello";

    public override IReadOnlyList<byte[]> Dictionary => Words.Binary;

    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            byte[] body =
            [
                3, 3, .. new byte[32], 0, 0, 2, 0x13, 1, 1, 0, 0, 26,
                0, 0, 0, 8, 0, 6, 0, 0, 3, (byte)'a', (byte)'.', (byte)'b',
                0, 16, 0, 5, 0, 3, 2, (byte)'h', (byte)'2',
                0, 43, 0, 1, 0,
            ];
            yield return [22, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body];
            yield return [22, 3, 1, 0, 4, 1, 0, 0, (byte)body.Length, 22, 3, 1, 0, (byte)body.Length, .. body];
        }
    }

    public override int Run(byte[] input)
    {
        string whole = Read(new ReadOnlySequence<byte>(input));
        int cut = Wire.Cut(input);
        _hello.Clear();
        ClientHelloStatus first = _hello.Read(new ReadOnlySequence<byte>(input, 0, cut));
        string split = Describe(_hello.Read(Wire.Pieces(input, cut)));
        Same($"whole and split at {cut}", whole, split);
        Holds(first == ClientHelloStatus.NeedMore || split.StartsWith(first.ToString(), StringComparison.Ordinal),
            "a verdict changed");
        return (int)Wire.Hash(Words.Latin(whole));
    }

    private string Read(ReadOnlySequence<byte> input)
    {
        _hello.Clear();
        return Describe(_hello.Read(input));
    }

    private string Describe(ClientHelloStatus status)
    {
        ReadOnlySpan<byte> list = status == ClientHelloStatus.Done ? _hello.ProtocolList : default;
        int count = 0;
        while (ClientHello.TryReadProtocol(ref list, out _))
        {
            count++;
        }

        return status == ClientHelloStatus.Done ? $"{status} {Wire.Text(_hello.ServerName)} {count}" : $"{status}";
    }
}

/// <summary>PROXY protocol: whole and split agree, and what is read is written so that it is read the same.</summary>
internal sealed class ProxyProtocolTarget : FuzzTarget
{
    private readonly ProxyHeader _header = new();

    public override string Name => "proxy-protocol";

    public override IReadOnlyList<byte[]> Dictionary => Words.Binary;

    public override IEnumerable<byte[]> Seeds
    {
        get
        {
            yield return Words.Latin("PROXY TCP4 1.2.3.4 5.6.7.8 1000 80\r\nGET /");
            yield return Words.Latin("PROXY TCP6 ::1 2001:db8::1 0 65535\r\n");
            yield return Words.Latin("PROXY UNKNOWN\r\n");
            byte[] wire = new byte[256];
            NetAddress address = NetAddress.FromIPv4(0x01020304, 80);
            yield return wire[..ProxyProtocol.WriteVersion2(wire, address, address, [1, 0, 2, 104, 50], true)];
            NetAddress wide = NetAddress.FromBytes(Words.Latin("0123456789abcdef"), 1);
            yield return wire[..ProxyProtocol.WriteVersion2(wire, wide, address, default, false)];
            yield return wire[..ProxyProtocol.WriteVersion2(wire, default, default, default, true)];
        }
    }

    public override int Run(byte[] input)
    {
        ProxyProtocolStatus status = ProxyProtocol.Read(new ReadOnlySequence<byte>(input), _header, out long consumed,
            out _);
        Holds(consumed <= input.Length && (consumed == 0) == (status != ProxyProtocolStatus.Done), "consumed is wrong");
        string whole = Describe(status, consumed);
        status = ProxyProtocol.Read(Wire.Pieces(input, Wire.Cut(input)), _header, out consumed, out _);
        Same("whole and in pieces", whole, Describe(status, consumed));
        if (status != ProxyProtocolStatus.Done || _header.IsLocal || _header.Source.Kind == NetAddressKind.Unix)
        {
            return (int)status + (_header.Version << 4);
        }

        byte[] wire = new byte[ProxyProtocol.MeasureVersion2(0)];
        int written = ProxyProtocol.WriteVersion2(wire, _header.Source, _header.Destination, default, true);
        (NetAddress source, NetAddress target) = (_header.Source, _header.Destination);
        status = ProxyProtocol.Read(new ReadOnlySequence<byte>(wire, 0, written), _header, out _, out _);
        Holds(status == ProxyProtocolStatus.Done && _header.Source == source && _header.Destination == target,
            "written addresses are not read back");
        return 64 + (int)source.Kind;
    }

    private string Describe(ProxyProtocolStatus status, long consumed) => status == ProxyProtocolStatus.Done
        ? $"{consumed} {_header.Version} {_header.IsLocal} {_header.Source} {_header.Destination} "
            + $"{Wire.Text(_header.Tlvs)}"
        : status.ToString();
}

/// <summary>The sniffer: a verdict, once given, does not change with more bytes.</summary>
internal sealed class SnifferTarget : FuzzTarget
{
    public override string Name => "sniffer";

    public override IEnumerable<byte[]> Seeds =>
        new[] { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n",
            "\r\nGET / HTTP/1.0\r\n" }.Select(Words.Latin);

    public override int Run(byte[] input)
    {
        int cut = Wire.Cut(input);
        SniffVerdict early = ProtocolSniffer.Sniff(input.AsSpan(0, cut));
        SniffVerdict late = ProtocolSniffer.Sniff(input);
        Holds(early == SniffVerdict.NeedMore || early == late, $"{early} became {late} after {cut}");
        Holds(late == ProtocolSniffer.Sniff(Wire.Pieces(input, cut)), "pieces give another verdict");
        return (int)late;
    }
}
