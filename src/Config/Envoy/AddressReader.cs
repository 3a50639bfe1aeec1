using System;
using System.Buffers;
using System.Net;
using System.Net.Sockets;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads addresses of envoy.config.core.v3.</summary>
internal static class AddressReader
{
    private const string Core = "envoy.config.core.v3.";

    // sockaddr_un.sun_path, without its zero at the end.
    private const int UnixPathMax = 107;

    // RFC 1123 §2.1, and the underscore that names of services use.
    private static readonly SearchValues<char> s_nameLetters =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

    private static readonly SocketTarget s_nowhere = new("", 0);

    /// <summary>Reads an Address.</summary>
    /// <param name="element">The Address.</param>
    /// <param name="allowNames">A host name may stand where an IP address does.</param>
    public static SocketTarget Read(Element element, bool allowNames)
    {
        Message message = element.AsMessage(Core + "Address");
        (string Field, Element Value)? kind = message.OneOf(required: true, "socket_address", "pipe");
        message.End();
        return kind switch
        {
            ("socket_address", var socket) => ReadSocket(socket, allowNames),
            (_, var pipe) => ReadPipe(pipe),
            null => s_nowhere,
        };
    }

    /// <summary>Reads a SocketAddress.</summary>
    public static SocketTarget ReadSocket(Element element, bool allowNames, bool needsPort = true)
    {
        Message message = element.AsMessage(Core + "SocketAddress");
        message.Enum("protocol", 0, [new("TCP", 0, 0), new("UDP", 1, 1, IsSupported: false)]);
        Element? host = message.Take("address");
        string text = host?.AsText() ?? "";
        if (host is null)
        {
            element.Error("\"address\" is missing");
        }
        else if (!IPAddress.TryParse(text, out IPAddress? ip) || !IsWhole(text, ip))
        {
            CheckName(host, text, allowNames);
        }

        Element? port = message.Take("port_value");
        if (port is null && needsPort)
        {
            element.Error("\"port_value\" is missing");
        }

        var target = new SocketTarget(text, (int)(port?.AsInteger(0, ushort.MaxValue) ?? 0))
        {
            IPv4Compat = message.Flag("ipv4_compat"),
        };
        message.Ignore("resolver_name", "names are resolved by the system's servers");
        message.End();
        return target;
    }

    /// <summary>Reads a CidrRange.</summary>
    public static CidrRange? ReadRange(Element element)
    {
        Message message = element.AsMessage(Core + "CidrRange");
        Element? address = message.Take("address_prefix");
        Element? length = message.Take("prefix_len");
        message.End();
        if (address is null)
        {
            element.Error("\"address_prefix\" is missing");
            return null;
        }

        string text = address.AsText();
        if (!IPAddress.TryParse(text, out IPAddress? ip) || !IsWhole(text, ip))
        {
            address.Error($"{address.Quoted()} is not an IP address");
            return null;
        }

        int bits = ip.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        return new CidrRange(text, (int)(length?.AsInteger(0, bits) ?? 0));
    }

    /// <summary>Reads a TcpKeepalive.</summary>
    public static TcpKeepalive ReadKeepalive(Element element)
    {
        Message message = element.AsMessage(Core + "TcpKeepalive");
        Element? probes = message.Take("keepalive_probes");
        Element? time = message.Take("keepalive_time");
        Element? interval = message.Take("keepalive_interval");
        message.End();
        return new TcpKeepalive(Positive(probes), Positive(time), Positive(interval));
    }

    // 32767 is the most the kernel takes (net/ipv4/tcp.c, MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL).
    private static uint? Positive(Element? element) => element is null ? null : (uint)element.AsInteger(1, 32767, 1);

    // IPAddress also takes "1" and "127.1"; an address with less than all its parts is more likely a mistake.
    private static bool IsWhole(string text, IPAddress ip) =>
        ip.AddressFamily == AddressFamily.InterNetworkV6 || text.Split('.').Length == 4;

    private static void CheckName(Element host, string text, bool allowNames)
    {
        if (text.Length == 0)
        {
            host.Error("must not be empty");
        }
        else if (!allowNames)
        {
            host.Error($"{host.Quoted()} is not an IP address");
        }
        else if (text.AsSpan().IndexOfAnyExcept(s_nameLetters) >= 0)
        {
            host.Error($"{host.Quoted()} is neither an IP address nor a host name");
        }
    }

    private static SocketTarget ReadPipe(Element element)
    {
        Message message = element.AsMessage(Core + "Pipe");
        Element? path = message.Take("path");
        string text = path?.AsText() ?? "";
        if (text.Length is 0 or > UnixPathMax)
        {
            (path ?? element).Error($"the path of a Unix socket has 1 to {UnixPathMax} bytes");
        }

        var target = new SocketTarget("", 0, text) { Mode = message.Count("mode", 0, max: 0x1FF) };
        message.End();
        return target;
    }
}
