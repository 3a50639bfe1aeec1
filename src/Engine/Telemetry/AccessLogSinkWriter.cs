using System;
using System.Runtime.InteropServices;
using System.Threading;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// One log file: a lane per reactor, each a ring of a few buffers that the reactor fills and one thread empties. With
/// every buffer of a lane in flight, lines are dropped and counted. The thread begins with the first lines. A file that
/// the configuration names no more is closed after the last lines of the connections that still do.
/// </summary>
internal sealed class AccessLogSinkWriter : IDisposable
{
    /// <summary>
    /// Buffers of a lane; 32 × 64 KiB is the bound per reactor, some 7,000 lines. One or two exist as long as the
    /// writer
    /// keeps up.
    /// </summary>
    private const int BuffersPerLane = 32;

    private const int BufferBytes = 64 * 1024;

    /// <summary>How long a stop waits for the last lines; a blocked FIFO must not hold the process.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(2);

    private readonly Lane[] _lanes;
    private readonly ILogger _log;
    private readonly ManualResetEventSlim _work = new(false);
    private readonly LogFile _file;
    private Thread? _thread;
    private int _isRunning;
    private bool _failed;
    private volatile bool _stopping;
    private volatile bool _reopen;
    private volatile bool _isRetired;

    public AccessLogSinkWriter(string path, int reactors, ILogger log)
    {
        Path = path;
        _log = log;
        _file = new LogFile(path);
        _lanes = new Lane[reactors];
        for (int i = 0; i < reactors; i++)
        {
            _lanes[i] = new Lane();
        }
    }

    public string Path { get; }

    /// <summary>How long a file that no configuration names waits for another line before it is closed.</summary>
    public int RetiredIdleMs { get; init; } = 1000;

    public long DroppedLines
    {
        get
        {
            long dropped = 0;
            foreach (Lane lane in _lanes)
            {
                dropped += lane.Dropped + lane.Lost;
            }

            return dropped;
        }
    }

    /// <summary>Room for one line, or nothing when the writer is behind; then the line counts as dropped.</summary>
    public Span<byte> Reserve(int reactor)
    {
        Lane lane = _lanes[reactor];
        LaneBuffer buffer = lane.Buffers[lane.Filling];
        if (BufferBytes - buffer.Length < AccessLog.LineBytesMax && !buffer.IsHanded)
        {
            Hand(lane);
            buffer = lane.Buffers[lane.Filling];
        }

        if (buffer.IsHanded)
        {
            lane.Dropped++;
            return default;
        }

        buffer.Bytes ??= lane.TakeSpare() ?? new byte[BufferBytes];
        return buffer.Bytes.AsSpan(buffer.Length, AccessLog.LineBytesMax);
    }

    /// <summary>Gives a reservation back; its line counts as dropped.</summary>
    public void Drop(int reactor) => _lanes[reactor].Dropped++;

    public void Commit(int reactor, int length)
    {
        Lane lane = _lanes[reactor];
        lane.Buffers[lane.Filling].Length += length;
    }

    public void Flush(int reactor)
    {
        Lane lane = _lanes[reactor];
        LaneBuffer buffer = lane.Buffers[lane.Filling];
        if (buffer.IsHanded)
        {
            return;
        }

        if (buffer.Length > 0)
        {
            Hand(lane);
        }
        else if (_isRetired)
        {
            lane.DropSpares();
        }
    }

    /// <summary>Whether the configuration in force names it.</summary>
    public void SetInForce(bool isInForce)
    {
        _isRetired = !isInForce;
        _work.Set();
    }

    /// <summary>Whether its thread runs and its file may be open.</summary>
    public bool IsOpen => Volatile.Read(ref _isRunning) != 0;

    public void Reopen()
    {
        _reopen = true;
        _work.Set();
    }

    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        Start();
        _thread?.Join(StopTime);
    }

    private void Hand(Lane lane)
    {
        lane.Buffers[lane.Filling].IsHanded = true;
        lane.Filling = (lane.Filling + 1) % BuffersPerLane;
        _work.Set();
        Start();
    }

    private void Start()
    {
        if (Volatile.Read(ref _isRunning) == 0 && Interlocked.CompareExchange(ref _isRunning, 1, 0) == 0)
        {
            _thread = new Thread(Run) { IsBackground = true, Name = "access-log" };
            _thread.Start();
        }
    }

    private void Run()
    {
        while (true)
        {
            if (!_work.Wait(_isRetired ? RetiredIdleMs : Timeout.Infinite) && _isRetired)
            {
                _file.Close();
                Interlocked.Exchange(ref _isRunning, 0);
                // Lines that came in between found the thread running.
                if (!_work.IsSet || Interlocked.CompareExchange(ref _isRunning, 1, 0) != 0)
                {
                    return;
                }
            }

            _work.Reset();
            bool stopping = _stopping;
            if (_reopen)
            {
                _reopen = false;
                _file.Close();
            }

            foreach (Lane lane in _lanes)
            {
                Empty(lane, stopping);
            }

            if (stopping)
            {
                _file.Close();
                return;
            }
        }
    }

    private void Empty(Lane lane, bool takesUnhanded)
    {
        while (true)
        {
            LaneBuffer buffer = lane.Buffers[lane.Emptying];
            if (!buffer.IsHanded && !(takesUnhanded && buffer.Length > 0))
            {
                return;
            }

            ReadOnlySpan<byte> lines = buffer.Bytes.AsSpan(0, buffer.Length);
            int error = _file.Write(lines);
            if (error != 0)
            {
                lane.Lost += lines.Count((byte)'\n');
                _file.Close();
                if (!_failed)
                {
                    EngineLog.AccessLogFailed(_log, Path, Marshal.GetPInvokeErrorMessage(error), DroppedLines);
                }
            }

            _failed = error != 0;
            buffer.Length = 0;
            buffer.IsHanded = false;
            lane.Emptying = (lane.Emptying + 1) % BuffersPerLane;
        }
    }

    private sealed class Lane
    {
        public readonly LaneBuffer[] Buffers = CreateBuffers();
        public int Filling;
        public int Emptying;

        /// <summary>Lines that found no room; the reactor's.</summary>
        public long Dropped;

        /// <summary>Lines that could not be written; the thread's.</summary>
        public long Lost;

        /// <summary>The bytes of a buffer that was emptied; all that are not handed over are the reactor's.</summary>
        public byte[]? TakeSpare()
        {
            foreach (LaneBuffer buffer in Buffers)
            {
                if (!buffer.IsHanded && buffer.Bytes is { } bytes)
                {
                    buffer.Bytes = null;
                    return bytes;
                }
            }

            return null;
        }

        /// <summary>Gives all empty buffers to the collector; the reactor's.</summary>
        public void DropSpares()
        {
            while (TakeSpare() is not null)
            {
            }
        }

        private static LaneBuffer[] CreateBuffers()
        {
            var buffers = new LaneBuffer[BuffersPerLane];
            for (int i = 0; i < buffers.Length; i++)
            {
                buffers[i] = new LaneBuffer();
            }

            return buffers;
        }
    }

    private sealed class LaneBuffer
    {
        private volatile bool _isHanded;

        public byte[]? Bytes { get; set; }

        public int Length { get; set; }

        public bool IsHanded
        {
            get => _isHanded;
            set => _isHanded = value;
        }
    }
}
