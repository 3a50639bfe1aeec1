using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using FastMesh.Model;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace FastMesh.Engine.Telemetry;

/// <summary>All open log files of an engine, one writer each, shared by the logs that name the same file.</summary>
internal sealed class AccessLogSinks : IDisposable
{
    private readonly Dictionary<string, AccessLogSinkWriter> _sinks = [];
    private readonly int _reactors;
    private readonly ILogger _log;

    public AccessLogSinks(int reactors, ILogger log)
    {
        _reactors = reactors;
        _log = log;
    }

    /// <summary>Lines dropped because a sink could not keep up.</summary>
    public long DroppedLines
    {
        get
        {
            long dropped = 0;
            foreach (AccessLogSinkWriter sink in _sinks.Values)
            {
                dropped += sink.DroppedLines;
            }

            return dropped;
        }
    }

    public AccessLogSinkWriter Open(AccessLogSettings settings)
    {
        string path = settings.Sink switch
        {
            AccessLogSinkKind.StandardOutput => "/dev/stdout",
            AccessLogSinkKind.StandardError => "/dev/stderr",
            _ => settings.Path,
        };
        if (!_sinks.TryGetValue(path, out AccessLogSinkWriter? sink))
        {
            sink = new AccessLogSinkWriter(path, _reactors, _log);
            _sinks.Add(path, sink);
        }

        return sink;
    }

    /// <summary>Hands half-full buffers of one reactor to their writers; called on that reactor.</summary>
    public void Flush(int reactor)
    {
        foreach (AccessLogSinkWriter sink in _sinks.Values)
        {
            sink.Flush(reactor);
        }
    }

    /// <summary>Opens every file anew, after a rotation.</summary>
    public void Reopen()
    {
        foreach (AccessLogSinkWriter sink in _sinks.Values)
        {
            sink.Reopen();
        }
    }

    /// <summary>Writes out what was handed over and stops. The reactors must have flushed and stopped before.</summary>
    public void Dispose()
    {
        foreach (AccessLogSinkWriter sink in _sinks.Values)
        {
            sink.Dispose();
        }
    }
}

/// <summary>
/// One log file: a lane per reactor, each a ring of a few buffers that the reactor fills and one thread empties. With
/// every buffer of a lane in flight, lines are dropped and counted.
/// </summary>
internal sealed class AccessLogSinkWriter : IDisposable
{
    /// <summary>Buffers of a lane; 8 × 64 KiB is the bound per reactor.</summary>
    private const int BuffersPerLane = 8;

    private const int BufferBytes = 64 * 1024;

    private readonly Lane[] _lanes;
    private readonly ILogger _log;
    private readonly ManualResetEventSlim _work = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;
    private volatile bool _reopen;

    public AccessLogSinkWriter(string path, int reactors, ILogger log)
    {
        Path = path;
        _log = log;
        _lanes = new Lane[reactors];
        for (int i = 0; i < reactors; i++)
        {
            _lanes[i] = new Lane();
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "access-log" };
        _thread.Start();
    }

    public string Path { get; }

    public long DroppedLines
    {
        get
        {
            long dropped = 0;
            foreach (Lane lane in _lanes)
            {
                dropped += lane.Dropped;
            }

            return dropped;
        }
    }

    /// <summary>Room for one line, or nothing when the writer is behind; then the line counts as dropped.</summary>
    public Span<byte> Reserve(int reactor)
    {
        Lane lane = _lanes[reactor];
        LaneBuffer buffer = lane.Buffers[lane.Filling];
        if (buffer.IsHanded)
        {
            lane.Dropped++;
            return default;
        }

        buffer.Bytes ??= new byte[BufferBytes];
        if (BufferBytes - buffer.Length < AccessLog.LineBytesMax)
        {
            Hand(lane);
            buffer = lane.Buffers[lane.Filling];
            if (buffer.IsHanded)
            {
                lane.Dropped++;
                return default;
            }

            buffer.Bytes ??= new byte[BufferBytes];
        }

        return buffer.Bytes.AsSpan(buffer.Length, AccessLog.LineBytesMax);
    }

    public void Commit(int reactor, int length)
    {
        Lane lane = _lanes[reactor];
        lane.Buffers[lane.Filling].Length += length;
    }

    public void Flush(int reactor)
    {
        Lane lane = _lanes[reactor];
        LaneBuffer buffer = lane.Buffers[lane.Filling];
        if (!buffer.IsHanded && buffer.Length > 0)
        {
            Hand(lane);
        }
    }

    public void Reopen()
    {
        _reopen = true;
        _work.Set();
    }

    public void Dispose()
    {
        _stopping = true;
        _work.Set();
        _thread.Join(TimeSpan.FromSeconds(2));
    }

    private void Hand(Lane lane)
    {
        lane.Buffers[lane.Filling].IsHanded = true;
        lane.Filling = (lane.Filling + 1) % BuffersPerLane;
        _work.Set();
    }

    private void Run()
    {
        FileStream? file = null;
        while (true)
        {
            _work.Wait();
            _work.Reset();
            bool stopping = _stopping;
            if (_reopen)
            {
                _reopen = false;
                file?.Dispose();
                file = null;
            }

            foreach (Lane lane in _lanes)
            {
                Empty(lane, ref file, stopping);
            }

            if (stopping)
            {
                file?.Dispose();
                return;
            }
        }
    }

    private void Empty(Lane lane, ref FileStream? file, bool takesUnhanded)
    {
        while (true)
        {
            LaneBuffer buffer = lane.Buffers[lane.Emptying];
            if (!buffer.IsHanded && !(takesUnhanded && buffer.Length > 0))
            {
                return;
            }

            try
            {
                file ??= Open();
                file.Write(buffer.Bytes.AsSpan(0, buffer.Length));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                lane.Dropped += buffer.Bytes.AsSpan(0, buffer.Length).Count((byte)'\n');
                EngineLog.AccessLogFailed(_log, Path, exception.Message, lane.Dropped);
                file?.Dispose();
                file = null;
            }

            buffer.Length = 0;
            buffer.IsHanded = false;
            lane.Emptying = (lane.Emptying + 1) % BuffersPerLane;
        }
    }

    private FileStream Open() => Path switch
    {
        "/dev/stdout" => Standard(1),
        "/dev/stderr" => Standard(2),
        _ => new FileStream(
            Path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0),
    };

    private static FileStream Standard(int descriptor) =>
        new(new SafeFileHandle(descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    private sealed class Lane
    {
        public readonly LaneBuffer[] Buffers = CreateBuffers();
        public int Filling;
        public int Emptying;
        public long Dropped;

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
