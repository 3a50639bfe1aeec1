using System;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Generating;

/// <summary>
/// HTTP/1.1 load from one thread over one epoll set: a closed loop (every connection asks again at once) or an open
/// one with evenly spaced intended send times, latency counted from the intended time. Written to cost little, since
/// it shares a core with the backend: requests are preformatted, bodies are dropped in the kernel.
/// </summary>
internal sealed unsafe class HttpLoad : Generator
{
    private const int BufferBytes = 64 * 1024;
    private const int EventsMax = 256;
    private const int LatenciesMax = 1 << 21;
    private const long TicksPerSecond = 1_000_000_000;

    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(BufferBytes);
    private readonly byte* _events = (byte*)NativeMemory.Alloc((nuint)(EventsMax * LibC.EpollEventBytes));
    private readonly byte* _request;
    private readonly int _requestBytes;
    private readonly long _responseBytes;
    private readonly byte[] _responseBody;
    private readonly ushort _port;
    private readonly int _epoll;
    private readonly HttpLoadConnection[] _connections;
    private readonly int[] _free;
    private readonly ResponseHeads _heads = new();
    private readonly int[] _latencies = GC.AllocateUninitializedArray<int>(LatenciesMax);
    private int _freeCount;
    private int _latencyCount;
    private bool _counting;
    private bool _closedLoop;
    private long _requests;
    private long _failures;
    private long _reopened;
    private long _closedUnderRequest;
    private string? _firstFailure;

    public HttpLoad(int port, HttpRequest request, int connections)
    {
        if (Stopwatch.Frequency != TicksPerSecond)
        {
            throw new PlatformNotSupportedException("the clock does not count nanoseconds");
        }

        _port = (ushort)port;
        _requestBytes = request.Bytes.Length;
        _request = (byte*)NativeMemory.Alloc((nuint)_requestBytes);
        request.Bytes.CopyTo(new Span<byte>(_request, _requestBytes));
        _responseBytes = request.ResponseBytes;
        _responseBody = request.ResponseBody;
        _epoll = LibC.EpollCreate(0);
        _ = LibC.ProcessControl(LibC.PrSetTimerSlack, 1000, 0, 0, 0);
        _connections = new HttpLoadConnection[connections];
        _free = new int[connections];
        for (int i = 0; i < connections; i++)
        {
            _connections[i] = new HttpLoadConnection(i);
            Open(_connections[i]);
            _free[_freeCount++] = i;
        }
    }

    /// <summary>
    /// A connection that cannot be opened again is given up without counting a failure: the proxy is going away.
    /// </summary>
    public bool GiveUpWhenRefused { get; set; }

    /// <summary>Connections that work.</summary>
    public int OpenConnections { get; private set; }

    /// <summary>
    /// Runs <paramref name="warmUp"/>, then calls <paramref name="begin"/>, counts for <paramref name="duration"/>,
    /// calls <paramref name="end"/>, and lets what is in flight finish. A rate of 0 is a closed loop.
    /// </summary>
    public override LoadResult Run(double rate, TimeSpan warmUp, TimeSpan duration, Action begin, Action end)
    {
        _closedLoop = rate <= 0;
        Reset();
        long interval = _closedLoop ? 0 : (long)(TicksPerSecond / rate);
        long start = Stopwatch.GetTimestamp();
        long due = Turns(start, start + (long)warmUp.TotalNanoseconds, interval);
        Reset();
        _counting = true;
        begin();
        long counted = Stopwatch.GetTimestamp();
        due = Turns(Math.Max(due, counted - interval), counted + (long)duration.TotalNanoseconds, interval);
        end();
        long stopped = Stopwatch.GetTimestamp();
        _counting = false;
        long behind = interval == 0 ? 0 : Math.Max(0, (stopped - due) / interval);
        long failures = _failures;
        Finish(stopped + (2 * TicksPerSecond));
        var latencies = LoadResult.Percentiles(_latencies.AsSpan(0, _latencyCount));
        return new LoadResult(
            _requests, failures, _closedUnderRequest, _reopened, (stopped - counted) / (double)TicksPerSecond,
            latencies.P50Us, latencies.P99Us, latencies.P999Us, behind, _firstFailure);
    }

    public override void Dispose()
    {
        foreach (var connection in _connections)
        {
            _ = LibC.Close(connection.Descriptor);
        }

        _ = LibC.Close(_epoll);
        NativeMemory.Free(_buffer);
        NativeMemory.Free(_events);
        NativeMemory.Free(_request);
    }

    private void Reset()
    {
        _requests = _failures = _reopened = _closedUnderRequest = 0;
        _latencyCount = 0;
        _firstFailure = null;
    }

    /// <summary>Turns of the loop until the time is over; gives back when the next request is due.</summary>
    private long Turns(long due, long until, long interval)
    {
        for (long now = Stopwatch.GetTimestamp(); now < until; now = Stopwatch.GetTimestamp())
        {
            while (_freeCount > 0 && (_closedLoop || due <= now))
            {
                Start(_connections[_free[--_freeCount]], _closedLoop ? now : due);
                due += interval;
            }

            long wait = _freeCount > 0 && !_closedLoop ? due - now : until - now;
            Poll(Math.Clamp(wait, 0, until - now));
        }

        return due;
    }

    private void Finish(long until)
    {
        bool closedLoop = _closedLoop;
        _closedLoop = false;
        for (long now = Stopwatch.GetTimestamp(); _freeCount < _free.Length && now < until;)
        {
            Poll(until - now);
            now = Stopwatch.GetTimestamp();
        }

        _closedLoop = closedLoop;
    }

    private void Poll(long waitNs)
    {
        LibC.TimeSpec timeout = new() { Seconds = waitNs / TicksPerSecond, Nanoseconds = waitNs % TicksPerSecond };
        int count = LibC.EpollWait(_epoll, _events, EventsMax, &timeout, null);
        for (int i = 0; i < count; i++)
        {
            byte* entry = _events + (i * LibC.EpollEventBytes);
            uint ready = Unsafe.ReadUnaligned<uint>(entry);
            var connection = _connections[(int)Unsafe.ReadUnaligned<ulong>(entry + LibC.EpollDataOffset)];
            if ((ready & LibC.EpollOut) != 0 && connection.Unsent > 0)
            {
                Send(connection);
            }

            if ((ready & ~LibC.EpollOut) != 0)
            {
                Receive(connection);
            }
        }
    }

    private void Start(HttpLoadConnection connection, long due)
    {
        if (connection.GivenUp)
        {
            return;
        }

        connection.Begin(due, _requestBytes);
        Send(connection);
    }

    private void Send(HttpLoadConnection connection)
    {
        byte* data = _request + _requestBytes - connection.Unsent;
        nint sent = LibC.Send(
            connection.Descriptor, data, (nuint)connection.Unsent, LibC.MsgDontWait | LibC.MsgNoSignal);
        if (sent < 0 && Marshal.GetLastPInvokeError() != LibC.EAgain)
        {
            // The answer or the end of the connection is told by the receiving side.
            connection.Unsent = 0;
            return;
        }

        connection.Unsent -= (int)Math.Max(sent, 0);
        Watch(connection, LibC.EpollModify, connection.Unsent > 0);
    }

    private void Receive(HttpLoadConnection connection)
    {
        // Body bytes beyond one buffer need not be seen.
        bool drop = connection.BodyLeft > BufferBytes && !connection.Chunked;
        nint received = LibC.Receive(
            connection.Descriptor,
            _buffer,
            drop ? (nuint)Math.Min(connection.BodyLeft, 1 << 20) : BufferBytes,
            LibC.MsgDontWait | (drop ? LibC.MsgTrunc : 0));
        if (received <= 0)
        {
            if (received == 0 || Marshal.GetLastPInvokeError() is not (LibC.EAgain or LibC.EIntr))
            {
                Lost(connection, received == 0 ? "connection closed" : "connection reset");
            }

            return;
        }

        if (drop)
        {
            Body(connection, received, default);
            return;
        }

        Take(connection, new ReadOnlySpan<byte>(_buffer, (int)received));
    }

    private void Take(HttpLoadConnection connection, ReadOnlySpan<byte> data)
    {
        if (!connection.InFlight)
        {
            Fail("bytes that nobody asked for");
            Reopen(connection);
            return;
        }

        if (!connection.HeadDone)
        {
            var input = connection.Gather(data);
            int head = _heads.Read(input);
            if (head == 0)
            {
                connection.Keep(input);
                return;
            }

            if (!connection.TakeHead(_heads, _responseBytes))
            {
                Fail($"status {_heads.Status}, content-length {_heads.BodyBytes}");
            }

            data = input[head..];
        }

        Body(connection, data.Length, data);
    }

    private void Body(HttpLoadConnection connection, long count, ReadOnlySpan<byte> data)
    {
        if (_responseBody.Length > 0 && connection.Good && !IsExpected(connection, data))
        {
            Fail("a wrong body");
        }

        connection.BodyLeft -= count;
        if (connection.Chunked ? !data.EndsWith("0\r\n\r\n"u8) : connection.BodyLeft > 0)
        {
            return;
        }

        long now = Stopwatch.GetTimestamp();
        if (connection.Good && _counting)
        {
            _requests++;
            if (_latencyCount < LatenciesMax)
            {
                _latencies[_latencyCount++] = (int)Math.Min((now - connection.DueNs) / 100, int.MaxValue);
            }
        }

        connection.End();
        if (connection.Closing || connection.Unsent > 0)
        {
            _reopened++;
            Reopen(connection);
        }

        Next(connection, now);
    }

    /// <summary>Compares what came of a counted body with the bytes that belong at its place.</summary>
    private bool IsExpected(HttpLoadConnection connection, ReadOnlySpan<byte> data)
    {
        long at = _responseBody.Length - connection.BodyLeft;
        return !connection.Chunked && at >= 0 && data.Length <= connection.BodyLeft
            && data.SequenceEqual(_responseBody.AsSpan((int)at, data.Length));
    }

    private void Next(HttpLoadConnection connection, long now)
    {
        if (_closedLoop)
        {
            Start(connection, now);
        }
        else
        {
            _free[_freeCount++] = connection.Index;
        }
    }

    private void Lost(HttpLoadConnection connection, string why)
    {
        bool asked = connection.InFlight;
        connection.End();
        Reopen(connection);
        if (asked)
        {
            _closedUnderRequest++;
            Fail(why + " under a request");
            Next(connection, Stopwatch.GetTimestamp());
        }
        else
        {
            _reopened++;
        }
    }

    private void Fail(string why)
    {
        _failures++;
        _firstFailure ??= why;
    }

    private void Reopen(HttpLoadConnection connection)
    {
        OpenConnections--;
        _ = LibC.Close(connection.Descriptor);
        Open(connection);
    }

    private void Open(HttpLoadConnection connection)
    {
        int one = 1;
        connection.Descriptor = LibC.Socket(LibC.AfInet, LibC.SockStream | LibC.SockCloseOnExec, 0);
        LibC.SockAddrIn address = new()
        {
            Family = LibC.AfInet,
            PortBigEndian = BinaryPrimitives.ReverseEndianness(_port),
            Address = 0x0100007f,
        };
        if (LibC.Connect(connection.Descriptor, &address, (uint)sizeof(LibC.SockAddrIn)) != 0)
        {
            connection.GivenUp = GiveUpWhenRefused;
            if (connection.GivenUp)
            {
                _ = LibC.Close(connection.Descriptor);
                connection.Descriptor = -1;
                return;
            }

            Fail($"connect refused, error {Marshal.GetLastPInvokeError()}");
        }

        OpenConnections++;

        _ = LibC.SetOption(connection.Descriptor, LibC.IpProtoTcp, LibC.TcpNoDelay, &one, sizeof(int));
        connection.WatchesOut = false;
        connection.Unsent = 0;
        connection.Watched = false;
        Watch(connection, LibC.EpollAdd, false);
    }

    private void Watch(HttpLoadConnection connection, int operation, bool output)
    {
        if (connection.Watched && connection.WatchesOut == output)
        {
            return;
        }

        connection.Watched = true;
        connection.WatchesOut = output;
        byte* entry = stackalloc byte[16];
        Unsafe.WriteUnaligned(entry, LibC.EpollIn | (output ? LibC.EpollOut : 0));
        Unsafe.WriteUnaligned(entry + LibC.EpollDataOffset, (ulong)connection.Index);
        _ = LibC.EpollControl(_epoll, operation, connection.Descriptor, entry);
    }
}
