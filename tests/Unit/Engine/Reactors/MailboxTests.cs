using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Reactors;

public sealed class MailboxTests
{
    private static readonly Action<Exception> s_rethrow = static error => throw error;

    [Fact]
    public void Drain_Several_RunsOldestFirstAndAsksForOneWake()
    {
        var box = new Mailbox();
        var ran = new List<object?>();
        Assert.True(box.TryPost(ran.Add, 1, out bool wakesFirst));
        Assert.True(box.TryPost(ran.Add, 2, out bool wakesSecond));
        box.Drain(s_rethrow);
        Assert.Equal([1, 2], ran);
        Assert.True(wakesFirst);
        Assert.False(wakesSecond);
        Assert.False(box.HasMail);
    }

    [Fact]
    public void Close_WithMail_RunsItAndRefusesMore()
    {
        var box = new Mailbox();
        int ran = 0;
        box.TryPost(_ => ran++, null, out _);
        box.Close(s_rethrow);
        Assert.Equal(1, ran);
        Assert.False(box.TryPost(_ => ran++, null, out bool wakes));
        Assert.False(wakes);
        Assert.False(box.HasMail);
        box.Drain(s_rethrow);
        box.Close(s_rethrow);
        Assert.Equal(1, ran);
        Assert.False(box.TryPost(_ => ran++, null, out _));
    }

    [Fact]
    public async Task Close_WhileOthersPost_RunsExactlyWhatWasTaken()
    {
        for (int round = 0; round < 200; round++)
        {
            var box = new Mailbox();
            int ran = 0;
            var posting = new Task<int>[2];
            for (int i = 0; i < posting.Length; i++)
            {
                posting[i] = Task.Run(
                    () =>
                    {
                        int taken = 0;
                        while (box.TryPost(_ => ran++, null, out _))
                        {
                            taken++;
                        }

                        return taken;
                    },
                    TestContext.Current.CancellationToken);
            }

            for (int drains = 0; drains < 50; drains++)
            {
                box.Drain(s_rethrow);
            }

            box.Close(s_rethrow);
            int[] taken = await Task.WhenAll(posting);
            Assert.Equal(taken[0] + taken[1], Volatile.Read(ref ran));
        }
    }
}
