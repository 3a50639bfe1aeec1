using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace FastMesh.Tests.Unit.Engine.Http1;

/// <summary>What an upstream does with its connection when it has said what it says.</summary>
internal enum Ending
{
    Keep,
    Close,
    Reset,
}

/// <summary>All that came over one connection, and how it ended.</summary>
internal sealed record UpstreamBytes(string Text, bool WasReset);

/// <summary>
/// An upstream on a plain socket that writes down every byte it gets. It answers the first request of a row with the
/// row's raw bytes, and every other one with 200 and "ok".
/// </summary>
internal sealed class RecordingUpstream : IAsyncDisposable
{
    public const string Ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Line> _lines = [];
    private readonly Task _accepting;
    private TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile EndPoint? _own;
    private TaskCompletionSource? _ownSeen;
    private string? _answer;
    private Ending _ending;

    public RecordingUpstream()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(128);
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>Awaited between the pieces of an answer, so that they arrive apart.</summary>
    public Func<Task> Between { get; set; } = static () => Task.CompletedTask;

    /// <summary>The prepared answer has been said to its end.</summary>
    public Task AnsweredAsync() => _answered.Task.WaitAsync(s_patience);

    /// <summary>The next request gets this, in pieces; null answers 200.</summary>
    public void Prepare(string? answer, Ending ending = Ending.Keep)
    {
        _answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _answer = answer;
        _ending = ending;
    }

    /// <summary>
    /// Ends every connection, reads what the proxy still says on it, and tells what each carried. A connection that the
    /// proxy does not end in turn is a failure.
    /// </summary>
    public async Task<List<UpstreamBytes>> EndRowAsync()
    {
        await AcceptAllAsync();
        Line[] lines;
        lock (_lines)
        {
            lines = [.. _lines];
            _lines.Clear();
        }

        var seen = new List<UpstreamBytes>();
        foreach (Line line in lines)
        {
            line.EndSending();
            await line.Served.WaitAsync(s_patience);
            line.Socket.Dispose();
            seen.Add(new UpstreamBytes(line.Received.ToString(), line.WasReset));
        }

        return seen;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    /// <summary>Connects to itself: what connected before has then been accepted.</summary>
    private async Task AcceptAllAsync()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ownSeen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _own = socket.LocalEndPoint;
        await socket.ConnectAsync(IPAddress.Loopback, Port);
        await _ownSeen.Task.WaitAsync(s_patience);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var line = new Line(await _listener.AcceptAsync(_stop.Token));
                if (IsOwn(line.Socket))
                {
                    line.Socket.Dispose();
                    _ownSeen!.SetResult();
                    continue;
                }

                lock (_lines)
                {
                    _lines.Add(line);
                }

                line.Served = Task.Run(() => ServeAsync(line));
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private bool IsOwn(Socket socket)
    {
        try
        {
            return Equals(socket.RemoteEndPoint, _own);
        }
        catch (SocketException)
        {
            // The proxy had reset it before it was accepted.
            return false;
        }
    }

    private async Task ServeAsync(Line line)
    {
        byte[] bytes = new byte[65536];
        int served = 0;
        try
        {
            line.Socket.NoDelay = true;
            while (true)
            {
                int count = await line.Socket.ReceiveAsync(bytes);
                if (count == 0)
                {
                    return;
                }

                line.Received.Append(Encoding.Latin1.GetString(bytes, 0, count));
                while (EndOfMessage(line.Received.ToString(), served) is var end && end > 0)
                {
                    served = end;
                    await AnswerAsync(line);
                }
            }
        }
        catch (SocketException)
        {
            line.WasReset = true;
        }
        catch (ObjectDisposedException)
        {
            line.WasReset = true;
        }
    }

    private async Task AnswerAsync(Line line)
    {
        string answer = _answer ?? Ok;
        Ending ending = _ending;
        _answer = null;
        _ending = Ending.Keep;
        string[] pieces = answer.Split(Pieces.Mark);
        for (int i = 0; i < pieces.Length; i++)
        {
            if (i > 0)
            {
                await Between();
            }

            try
            {
                await SendAsync(line.Socket, pieces[i]);
            }
            catch (SocketException)
            {
                // The proxy has had enough, as it may.
                break;
            }
        }

        if (ending == Ending.Close)
        {
            line.EndSending();
        }
        else if (ending == Ending.Reset)
        {
            await Between();
            line.Socket.LingerState = new LingerOption(true, 0);
            line.Socket.Close();
        }

        _answered.TrySetResult();
    }

    private static async Task SendAsync(Socket socket, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent));
        }
    }

    /// <summary>Where the message that begins at a place ends, or 0; the proxy's canonical form is enough.</summary>
    private static int EndOfMessage(string text, int start)
    {
        int end = text.IndexOf("\r\n\r\n", start, StringComparison.Ordinal);
        if (end < 0)
        {
            return 0;
        }

        end += 4;
        string head = text[start..end];
        const string Length = "\r\ncontent-length: ";
        int length = head.IndexOf(Length, StringComparison.Ordinal);
        if (length >= 0)
        {
            int from = length + Length.Length;
            int to = head.IndexOf('\r', from);
            long body = long.Parse(head.AsSpan(from, to - from), NumberStyles.None, CultureInfo.InvariantCulture);
            return text.Length - end >= body ? end + (int)body : 0;
        }

        if (!head.Contains("\r\ntransfer-encoding: chunked\r\n", StringComparison.Ordinal))
        {
            return end;
        }

        int last = text.IndexOf("0\r\n", end, StringComparison.Ordinal);
        int whole = last < 0 ? -1 : text.IndexOf("\r\n\r\n", last, StringComparison.Ordinal);
        return whole < 0 ? 0 : whole + 4;
    }

    private sealed class Line(Socket socket)
    {
        public Socket Socket { get; } = socket;

        public StringBuilder Received { get; } = new();

        public bool WasReset { get; set; }

        public Task Served { get; set; } = Task.CompletedTask;

        public void EndSending()
        {
            try
            {
                Socket.Shutdown(SocketShutdown.Send);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The proxy, or the row, has ended it already.
            }
        }
    }
}
