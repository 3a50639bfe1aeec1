using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace FastMesh.Proxy.Redirect;

/// <summary>What the rules need to know of this host.</summary>
internal static class HostAddresses
{
    private const string ResolverFile = "/etc/resolv.conf";

    /// <summary>True when an interface has an IPv6 address that others can reach.</summary>
    public static bool HasIPv6() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Any(unicast => unicast.Address.AddressFamily == AddressFamily.InterNetworkV6
                && !IPAddress.IsLoopback(unicast.Address)
                && !unicast.Address.IsIPv6LinkLocal);

    /// <summary>The same of another namespace, from the text of its <c>/proc/net/if_inet6</c>.</summary>
    public static bool HasIPv6(string interfaces)
    {
        // address, index, prefix length, scope, flags, name; scope 00 is global.
        const int Scope = 3;
        return interfaces.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(words => words.Length > Scope && words[Scope] == "00");
    }

    /// <summary>The resolvers of /etc/resolv.conf, empty when it cannot be read.</summary>
    public static IReadOnlyList<Cidr> Resolvers()
    {
        try
        {
            return ParseResolvers(File.ReadAllText(ResolverFile));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Reads "nameserver ADDRESS" lines; others are skipped.</summary>
    public static IReadOnlyList<Cidr> ParseResolvers(string text)
    {
        List<Cidr> resolvers = [];
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is ["nameserver", _, ..] && Cidr.TryParse(words[1], out Cidr resolver))
            {
                resolvers.Add(resolver);
            }
        }

        return resolvers;
    }
}
