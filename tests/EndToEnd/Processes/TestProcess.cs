using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>A process of a test: what it says line by line, signals, its exit code. Killed when disposed.</summary>
internal sealed partial class TestProcess : IAsyncDisposable
{
    // Only a hanging test ever waits this long; the machine may be slow.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    private readonly Process _process;
    private readonly Channel<string> _errorLines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _error = new();
    private readonly StringBuilder _output = new();

    private TestProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => _output.AppendLine(line.Data);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                _errorLines.Writer.TryComplete();
                return;
            }

            _error.AppendLine(line.Data);
            _errorLines.Writer.TryWrite(line.Data);
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public static TestProcess Start(string tool, params IEnumerable<string> arguments) =>
        new(Process.Start(new ProcessStartInfo(tool, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);

    /// <summary>Runs to the end.</summary>
    public static async Task<(int Code, string Output, string Error)> RunAsync(
        string tool, params IEnumerable<string> arguments)
    {
        await using TestProcess process = Start(tool, arguments);
        int code = await process.WaitForExitAsync();
        return (code, process._output.ToString(), process._error.ToString());
    }

    /// <summary>
    /// The next line on standard error that contains a text; fails with all that was said when it ends before.
    /// </summary>
    public async Task<string> WaitForErrorLineAsync(string text)
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            await foreach (string line in _errorLines.Reader.ReadAllAsync(patience.Token))
            {
                if (line.Contains(text, StringComparison.Ordinal))
                {
                    return line;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Told below with what was said instead.
        }

        Assert.Fail($"no line with \"{text}\" in:\n{_error}");
        return string.Empty;
    }

    public void Signal(PosixSignalNumber signal) => Signal(_process.Id, signal);

    public static void Signal(int process, PosixSignalNumber signal) => Assert.Equal(0, Kill(process, (int)signal));

    public async Task<int> WaitForExitAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // Gone already.
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}

/// <summary>Signals by their numbers on Linux.</summary>
internal enum PosixSignalNumber
{
    Hangup = 1,
    Interrupt = 2,
    User1 = 10,
    User2 = 12,
    Terminate = 15,
}
