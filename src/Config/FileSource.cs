using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using FastMesh.Model;

namespace FastMesh.Config;

/// <summary>
/// A configuration file that is watched: written in place, replaced by a rename, or mounted by Kubernetes, where the
/// file is a link through <c>..data</c>, a link that is swapped. Runs on timer and pool threads, never on a reactor.
/// </summary>
public sealed class FileSource : IDisposable
{
    /// <summary>Quiet time after a change before the file is read: editors write in several steps.</summary>
    public static readonly TimeSpan DefaultQuietTime = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private readonly TimeSpan _quietTime;
    private readonly Action<ConfigReading> _changed;
    private readonly ITimer _timer;
    private readonly List<FileSystemWatcher> _watchers = [];
    private byte[] _lastContent = [];
    private bool _disposed;

    /// <summary>Makes a source; nothing is read or watched yet.</summary>
    /// <param name="path">The file.</param>
    /// <param name="changed">Called with each reading of changed content, one at a time, good or bad.</param>
    /// <param name="time">Clock of the quiet time.</param>
    /// <param name="quietTime">Null takes <see cref="DefaultQuietTime"/>.</param>
    public FileSource(string path, Action<ConfigReading> changed, TimeProvider? time = null, TimeSpan? quietTime = null)
    {
        Path = path;
        _changed = changed;
        _quietTime = quietTime ?? DefaultQuietTime;
        _timer = (time ?? TimeProvider.System).CreateTimer(
            static source => ((FileSource)source!).ReadIfChanged(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads the file now; for the start, and for SIGHUP. The callback is not called.</summary>
    public ConfigReading Read()
    {
        lock (_gate)
        {
            return TryReadContent(out byte[] content, out ConfigReading? failure) ? Load(content) : failure!;
        }
    }

    /// <summary>Starts to watch. Changes from now on, and since the last reading, reach the callback.</summary>
    /// <returns>Null, or why the file cannot be watched; it can be read all the same.</returns>
    public string? Watch()
    {
        try
        {
            foreach (string folder in WatchedFolders())
            {
                // The folder and not the file: a rename puts another file in its place, and ends a watch on the file.
                var watcher = new FileSystemWatcher(folder)
                {
                    NotifyFilter = NotifyFilters.FileName | NotifyFilters.DirectoryName | NotifyFilters.LastWrite,
                };
                watcher.Changed += OnEvent;
                watcher.Created += OnEvent;
                watcher.Deleted += OnEvent;
                watcher.Renamed += OnEvent;
                watcher.Error += (_, _) => Arm();
                watcher.EnableRaisingEvents = true;
                _watchers.Add(watcher);
            }

            Arm();
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return $"cannot watch {Path}: {error.Message}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        foreach (FileSystemWatcher watcher in _watchers)
        {
            watcher.Dispose();
        }

        _timer.Dispose();
    }

    // Content tells whether something changed; which name an event has does not matter then.
    private void OnEvent(object sender, FileSystemEventArgs change) => Arm();

    private void Arm()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                _timer.Change(_quietTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    // The file's folder, and that of what it links to where it is a plain link into another folder.
    private HashSet<string> WatchedFolders()
    {
        string full = System.IO.Path.GetFullPath(Path);
        HashSet<string> folders = new(StringComparer.Ordinal) { System.IO.Path.GetDirectoryName(full) ?? "/" };
        string? target = File.ResolveLinkTarget(full, returnFinalTarget: false)?.FullName;
        if (target is not null && System.IO.Path.GetDirectoryName(target) is { } folder && Directory.Exists(folder))
        {
            folders.Add(folder);
        }

        return folders;
    }

    private void ReadIfChanged()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            if (!TryReadContent(out byte[] content, out ConfigReading? failure))
            {
                // Between a deletion and the file that takes its place nothing is there; the next event tells.
                if (_lastContent.Length > 0)
                {
                    _lastContent = [];
                    _changed(failure!);
                }
            }
            else if (!content.AsSpan().SequenceEqual(_lastContent))
            {
                _changed(Load(content));
            }
        }
    }

    private ConfigReading Load(byte[] content)
    {
        _lastContent = content;
        return EnvoyConfigReader.Load(Path, content) with { Path = Path, Content = content };
    }

    private bool TryReadContent(out byte[] content, out ConfigReading? failure)
    {
        try
        {
            content = File.ReadAllBytes(Path);
            failure = null;
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            content = [];
            failure = new ConfigReading(null, [new ConfigProblem("", $"cannot read {Path}: {Cause(error)}")], []);
            return false;
        }
    }

    private static string Cause(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "there is no such file",
        UnauthorizedAccessException => "it may not be read",
        _ => error.Message,
    };
}
