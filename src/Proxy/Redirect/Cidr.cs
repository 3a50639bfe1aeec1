using System;
using System.Net;
using System.Net.Sockets;

namespace FastMesh.Proxy.Redirect;

/// <summary>An address range of one family, as rules write it.</summary>
internal readonly record struct Cidr(IPNetwork Network)
{
    public bool IsIPv6 => Network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    public bool IsLoopback => IPAddress.IsLoopback(Network.BaseAddress);

    /// <summary>Reads "10.0.0.0/8", "fd00::/8" or a single address; host bits are cleared as iptables does.</summary>
    public static bool TryParse(string text, out Cidr cidr)
    {
        cidr = default;
        int slash = text.IndexOf('/');
        string addressText = slash < 0 ? text : text[..slash];
        if (addressText.Contains('%', StringComparison.Ordinal)
            || !IPAddress.TryParse(addressText, out IPAddress? address))
        {
            return false;
        }

        int bits = address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
        int prefix = bits;
        if (slash >= 0 && !Numbers.TryRead(text[(slash + 1)..], 0, bits, out prefix))
        {
            return false;
        }

        cidr = new Cidr(new IPNetwork(Masked(address, prefix), prefix));
        return true;
    }

    public override string ToString() => Network.ToString();

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - kept));
        }

        return new IPAddress(bytes);
    }
}
