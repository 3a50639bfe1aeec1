using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Transport;

/// <summary>
/// Accepting leaves descriptors to others. The numbers of a test process are not ours alone, so the lines are drawn
/// below or above all of them.
/// </summary>
public sealed class DescriptorReserveTests
{
    private static readonly DescriptorReserve s_rests = new(restsFrom: 0, refusesFrom: int.MaxValue);
    private static readonly DescriptorReserve s_refuses = new(restsFrom: 0, refusesFrom: 0);

    public static TheoryData<string> Kinds => TransportKinds.Working;

    [Theory]
    [InlineData(1_048_576, 1_047_552, 1_048_064)]
    [InlineData(1024, 960, 992)]
    [InlineData(256, 224, 240)]
    [InlineData(40, 20, 30)]
    public void Of_Limit_KeepsASixteenthWithinBounds(long limit, long restsFrom, long refusesFrom)
    {
        DescriptorReserve reserve = DescriptorReserve.Of(limit);
        Assert.Equal((restsFrom, refusesFrom), (reserve.RestsFrom, reserve.RefusesFrom));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_FromTheLineOn_RestsWhileOthersWaitInTheQueue(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        string[] seen = await test.RunAsync(async reactor =>
        {
            var poller = (SocketPoller)reactor.Poller;
            poller.Descriptors = s_rests;
            var journal = new Journal();
            TransportListener listener = journal.Listen(reactor);

            await ConnectAsync(reactor, listener);
            await journal.EntriesAsync(2);
            await ConnectAsync(reactor, listener);
            await ConnectAsync(reactor, listener);
            poller.Descriptors = DescriptorReserve.Process;
            return await journal.EntriesAsync(5);
        });
        Assert.Equal(["Rests", "accepted", "Resumes", "accepted", "accepted"], seen);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Accept_InTheReserve_ClosesTheConnectionAndServesTheNextLater(string kind)
    {
        await using var test = new TestReactors(Enum.Parse<TransportKind>(kind));
        string[] seen = await test.RunAsync(async reactor =>
        {
            var poller = (SocketPoller)reactor.Poller;
            poller.Descriptors = s_refuses;
            var journal = new Journal();
            TransportListener listener = journal.Listen(reactor);

            TransportConnection refused = await ConnectAsync(reactor, listener);
            Assert.True((await refused.Reader.ReadAsync()).IsCompleted);
            poller.Descriptors = DescriptorReserve.Process;
            await ConnectAsync(reactor, listener);
            return await journal.EntriesAsync(4);
        });
        Assert.Equal(["Rests", "Refuses", "Resumes", "accepted"], seen);
    }

    private static async ValueTask<TransportConnection> ConnectAsync(Reactor reactor, TransportListener listener) =>
        (await Transports.ConnectAsync(reactor, new ConnectOptions { Address = listener.LocalAddress })).Connection!;

    /// <summary>What happens to accepting, in order. Reactor thread only.</summary>
    private sealed class Journal
    {
        private readonly List<string> _entries = [];
        private TaskCompletionSource _more = new();

        public TransportListener Listen(Reactor reactor)
        {
            TransportListener listener = Transports.Listen(
                reactor, new ListenOptions { Address = TestReactors.Loopback }, _ => Add("accepted"));
            listener.Changed = happened => Add(happened.ToString());
            return listener;
        }

        public async ValueTask<string[]> EntriesAsync(int count)
        {
            while (_entries.Count < count)
            {
                await _more.Task;
            }

            return [.. _entries];
        }

        private void Add(string entry)
        {
            _entries.Add(entry);
            TaskCompletionSource more = _more;
            _more = new TaskCompletionSource();
            more.SetResult();
        }
    }
}
