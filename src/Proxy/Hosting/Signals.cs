using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace FastMesh.Proxy.Hosting;

/// <summary>
/// The signals of the contract; each calls back on a thread of the runtime, and the default is suppressed.
/// </summary>
internal sealed class Signals : IDisposable
{
    // Raw numbers, the same on every Linux architecture that .NET runs on.
    private const PosixSignal Usr1 = (PosixSignal)10;
    private const PosixSignal Usr2 = (PosixSignal)12;

    private readonly List<PosixSignalRegistration> _registrations = [];

    public required Action Terminate { get; init; }

    public required Action Interrupt { get; init; }

    public required Action Reload { get; init; }

    public required Action ReopenLogs { get; init; }

    public required Action HotRestart { get; init; }

    public void Listen()
    {
        On(PosixSignal.SIGTERM, Terminate);
        On(PosixSignal.SIGINT, Interrupt);
        On(PosixSignal.SIGHUP, Reload);
        On(Usr1, ReopenLogs);
        On(Usr2, HotRestart);
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }
    }

    private void On(PosixSignal signal, Action action) =>
        _registrations.Add(PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            action();
        }));
}
