using System;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading;

namespace FastMesh.Proxy.Redirect;

/// <summary>
/// Tries the rules that were applied (<c>--run-validation</c>): connects as the proxy's user to port 15002 of an
/// address of this host, which must arrive at the inbound capture port, with the kernel telling where it was meant to
/// go. The capture port has to be free, so this runs before the proxy does.
/// </summary>
internal sealed class RedirectProbe
{
    /// <summary>Where nobody listens: whoever arrives elsewhere was captured.</summary>
    private const int ProbePort = 15002;

    // Any loopback address but 127.0.0.1, which is never captured.
    private const string ProbeAddress = "127.0.0.7";
    private const int WaitMs = 3000;
    private const int OriginalDestinationOption = 80; // SO_ORIGINAL_DST
    private const int AddressBytes = 16; // struct sockaddr_in

    private readonly RedirectOptions _options;
    private readonly NetworkNamespace _namespace;
    private string? _trouble;

    private RedirectProbe(RedirectOptions options, NetworkNamespace @namespace)
    {
        _options = options;
        _namespace = @namespace;
    }

    /// <summary>Tries; returns null when the connection was captured, else why it was not.</summary>
    public static string? Run(RedirectOptions options, NetworkNamespace @namespace)
    {
        RedirectProbe probe = new(options, @namespace);

        // User and namespace belong to a thread, so it is one of its own that ends afterwards.
        Thread thread = new(probe.Try) { Name = "redirect-probe" };
        thread.Start();
        thread.Join();
        return probe._trouble;
    }

    private void Try()
    {
        try
        {
            _trouble = _namespace.Enter() ?? Connect();
        }
        catch (SocketException e)
        {
            _trouble = e.SocketErrorCode == SocketError.AddressAlreadyInUse
                ? $"port {_options.InboundPort} is in use; the probe needs it before the proxy starts"
                : e.Message;
        }
        catch (Exception e) when (e is System.IO.IOException or UnauthorizedAccessException)
        {
            _trouble = e.Message;
        }
    }

    private string? Connect()
    {
        if (!uint.TryParse(_options.ProxyUids[0], NumberStyles.None, CultureInfo.InvariantCulture, out uint user))
        {
            return $"the probe needs the proxy's user as a number, not \"{_options.ProxyUids[0]}\"";
        }

        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Any, _options.InboundPort));
        listener.Listen(1);
        _ = NamespaceCalls.SetFileUser(user);
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        IPEndPoint target = new(IPAddress.Parse(ProbeAddress), ProbePort);
        try
        {
            client.Connect(target);
        }
        catch (SocketException e)
        {
            return $"a connection of user {user} to {target} was not captured: {e.Message}";
        }

        if (!listener.Poll(WaitMs * 1000, SelectMode.SelectRead))
        {
            return $"a connection of user {user} to {target} did not arrive at port {_options.InboundPort}";
        }

        using Socket accepted = listener.Accept();
        Span<byte> original = stackalloc byte[AddressBytes];
        accepted.GetRawSocketOption(0, OriginalDestinationOption, original);
        int port = BinaryPrimitives.ReadUInt16BigEndian(original[2..]);
        IPAddress address = new(original[4..8]);
        return port == ProbePort && address.Equals(target.Address)
            ? null
            : $"the kernel tells {address}:{port} as the destination of a connection to {target}";
    }
}
