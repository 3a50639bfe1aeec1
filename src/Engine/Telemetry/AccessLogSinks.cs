using System;
using System.Collections.Generic;
using FastMesh.Model;
using Microsoft.Extensions.Logging;

namespace FastMesh.Engine.Telemetry;

/// <summary>All open log files of an engine, one writer each, shared by the logs that name the same file.</summary>
internal sealed class AccessLogSinks : IDisposable
{
    // Replaced as a whole when one is added, because reactors walk it meanwhile.
    private volatile AccessLogSinkWriter[] _sinks = [];
    private readonly HashSet<AccessLogSinkWriter> _named = [];
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
            foreach (AccessLogSinkWriter sink in _sinks)
            {
                dropped += sink.DroppedLines;
            }

            return dropped;
        }
    }

    /// <summary>The writer of a file; called by the one thread that applies configurations.</summary>
    public AccessLogSinkWriter Open(AccessLogSettings settings)
    {
        string path = settings.Sink switch
        {
            AccessLogSinkKind.StandardOutput => "/dev/stdout",
            AccessLogSinkKind.StandardError => "/dev/stderr",
            _ => settings.Path,
        };
        foreach (AccessLogSinkWriter known in _sinks)
        {
            if (known.Path == path)
            {
                _named.Add(known);
                return known;
            }
        }

        var sink = new AccessLogSinkWriter(path, _reactors, _log);
        _sinks = [.. _sinks, sink];
        _named.Add(sink);
        return sink;
    }

    /// <summary>A configuration is about to be compiled: what it names counts from here.</summary>
    public void BeginNaming() => _named.Clear();

    /// <summary>
    /// The configuration is in force: files that only its predecessor named are closed when they are done.
    /// </summary>
    public void EndNaming()
    {
        foreach (AccessLogSinkWriter sink in _sinks)
        {
            sink.SetInForce(_named.Contains(sink));
        }
    }

    /// <summary>Hands half-full buffers of one reactor to their writers; called on that reactor.</summary>
    public void Flush(int reactor)
    {
        foreach (AccessLogSinkWriter sink in _sinks)
        {
            sink.Flush(reactor);
        }
    }

    /// <summary>Opens every file anew, after a rotation.</summary>
    public void Reopen()
    {
        foreach (AccessLogSinkWriter sink in _sinks)
        {
            sink.Reopen();
        }
    }

    /// <summary>Writes out what was handed over and stops. The reactors must have flushed and stopped before.</summary>
    public void Dispose()
    {
        foreach (AccessLogSinkWriter sink in _sinks)
        {
            sink.Dispose();
        }
    }
}
