using System;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Proxy.Admin;

/// <summary>
/// The admin interface: plain sockets on the thread pool, which the reactors never use, and the codec of the data
/// path. Bodies are not read, since no path takes one; a request with one is answered and its connection closed.
/// </summary>
internal sealed class AdminServer : IAsyncDisposable
{
    /// <summary>Connections at once; a scraper and some operators. One more is closed at accept.</summary>
    public const int ConnectionsMax = 32;

    private const int ReadBytes = 4 * 1024;

    // A connection that says nothing for this long is closed: nobody holds a place by silence.
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(60);

    private readonly Socket _listener;
    private readonly AdminPages _pages;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private int _open;

    private AdminServer(Socket listener, AdminPages pages)
    {
        _listener = listener;
        _pages = pages;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, with the port that the kernel gave.</summary>
    public EndPoint Address => _listener.LocalEndPoint!;

    /// <summary>The listening socket, to hand it on.</summary>
    public int Descriptor => (int)_listener.Handle;

    /// <summary>Serves on a listening socket that another process has opened.</summary>
    public static AdminServer Adopt(int descriptor, IAdminSource source)
    {
        Socket listener = new(new SafeSocketHandle(descriptor, ownsHandle: true));
        LibC.SetInheritable(descriptor, false);
        return new AdminServer(listener, new AdminPages(source));
    }

    /// <summary>Binds and serves; throws <see cref="SocketException"/> when the address cannot be had.</summary>
    public static AdminServer Start(EndPoint address, IAdminSource source)
    {
        bool unix = address.AddressFamily == AddressFamily.Unix;
        Socket listener = new(address.AddressFamily, SocketType.Stream, unix ? ProtocolType.IP : ProtocolType.Tcp);
        try
        {
            listener.Bind(address);
            listener.Listen();
        }
        catch
        {
            listener.Dispose();
            throw;
        }

        return new AdminServer(listener, new AdminPages(source));
    }

    /// <summary>
    /// Accepts nothing more. The socket stays open: closing it might shut it for the process that it was handed to.
    /// </summary>
    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Socket socket = await _listener.AcceptAsync(_stop.Token);
                if (Interlocked.Increment(ref _open) > ConnectionsMax)
                {
                    Interlocked.Decrement(ref _open);
                    socket.Dispose();
                    continue;
                }

                _ = ServeAsync(socket);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of file descriptors, or the peer left in the queue: the next accept may do.
                await Task.Delay(TimeSpan.FromMilliseconds(50));
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using Socket owned = socket;
        try
        {
            byte[] buffer = new byte[ReadBytes];
            RequestHead head = new();
            bool keepAlive = true;
            while (keepAlive && !_stop.IsCancellationRequested)
            {
                (bool closed, AdminReply reply, keepAlive) = await ReadRequestAsync(socket, buffer, head);
                if (closed)
                {
                    return;
                }

                await SendAsync(socket, reply.ToBytes(head.Method == HttpMethod.Head, keepAlive));
            }

            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer left or said nothing; there is nobody to tell.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }

    // Pipelined requests are not served: the connection closes after the first.
    private async Task<(bool Closed, AdminReply Reply, bool KeepAlive)> ReadRequestAsync(
        Socket socket, byte[] buffer, RequestHead head)
    {
        Http1ParseState state = default;
        while (true)
        {
            using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            patience.CancelAfter(IdleTime);
            int read = await socket.ReceiveAsync(buffer, SocketFlags.None, patience.Token);
            if (read == 0)
            {
                return (true, default, false);
            }

            ParseStatus status = Http1HeadParser.ParseRequest(
                buffer.AsSpan(0, read), head, Http1Limits.Default, ref state, out int consumed,
                out ProtocolError error);
            if (status == ParseStatus.Error)
            {
                return (false, AdminReply.Text(error.Text + "\n", 400), false);
            }

            if (status == ParseStatus.Done)
            {
                return (false, Answer(head), head.KeepAlive && head.Body.IsEmpty && consumed == read);
            }
        }
    }

    private AdminReply Answer(RequestHead head)
    {
        string method = Encoding.ASCII.GetString(head.MethodBytes);
        return _pages.Answer(method, Encoding.ASCII.GetString(head.Path));
    }

    private static async Task SendAsync(Socket socket, byte[] bytes)
    {
        int sent = 0;
        while (sent < bytes.Length)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), SocketFlags.None);
        }
    }
}
