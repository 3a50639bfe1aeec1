using System;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;

namespace FastMesh.Tests.Unit.Engine.Transport;

/// <summary>One real reactor for a test, with what runs on it awaited from outside.</summary>
internal sealed class TestReactors : IAsyncDisposable
{
    private readonly ReactorGroup _group;

    public TestReactors(TransportKind kind, long budgetBytes = BufferBudget.DefaultBytes)
    {
        _group = ReactorGroup.Start(
            new ReactorGroupOptions { Count = 1, Transport = kind, Seed = 1, BufferBudgetBytes = budgetBytes });
    }

    public Reactor Reactor => _group.Reactors[0];

    public ReactorGroup Group => _group;

    public static NetAddress Loopback => NetAddress.FromIPv4(0x7F000001, 0);

    /// <summary>Runs an asynchronous piece on the reactor; its awaits resume there.</summary>
    public Task<T> RunAsync<T>(Func<Reactor, ValueTask<T>> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Reactor.Post(_ => _ = CompleteAsync(), null);
        return done.Task.WaitAsync(TimeSpan.FromSeconds(30));

        async Task CompleteAsync()
        {
            try
            {
                done.SetResult(await work(Reactor));
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }
    }

    public async ValueTask DisposeAsync() => await _group.StopAsync();
}
