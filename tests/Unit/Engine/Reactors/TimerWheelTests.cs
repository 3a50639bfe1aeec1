using System;
using System.Collections.Generic;
using FastMesh.Engine.Reactors;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Reactors;

public sealed class TimerWheelTests
{
    [Fact]
    public void Timers_RandomDelays_FireOnceAndNeverEarly()
    {
        var random = new Random(7);
        var wheel = new TimerWheel();
        var fired = new Dictionary<int, long>();
        var due = new Dictionary<int, long>();
        long now = 5_000_000_000;
        wheel.Advance(now);
        for (int i = 0; i < 2000; i++)
        {
            int id = i;
            long delay = random.NextInt64(0, 1L << random.Next(1, 24));
            due[id] = now + delay;
            wheel.Schedule(new ReactorTimer(_ => fired.Add(id, now), null), delay);
        }

        while (wheel.Count > 0)
        {
            int step = wheel.NextDelayMs(now);
            Assert.True(step >= 0, "a wheel with timers knows a next time");
            now += Math.Max(step, 1);
            wheel.Advance(now);
        }

        Assert.Equal(2000, fired.Count);
        foreach ((int id, long at) in fired)
        {
            Assert.InRange(at, due[id], due[id] + 1);
        }
    }

    [Fact]
    public void Schedule_LaterWhileScheduled_FiresAtTheLaterTimeOnly()
    {
        var wheel = new TimerWheel();
        int count = 0;
        var timer = new ReactorTimer(_ => count++, null);
        wheel.Schedule(timer, 10);
        wheel.Advance(5);
        wheel.Schedule(timer, 1000);
        wheel.Advance(1004);
        Assert.Equal(0, count);
        wheel.Advance(1005);
        Assert.Equal(1, count);
        Assert.Equal(-1, wheel.NextDelayMs(1005));
    }

    [Fact]
    public void Schedule_EarlierWhileScheduled_FiresEarlier()
    {
        var wheel = new TimerWheel();
        int count = 0;
        var timer = new ReactorTimer(_ => count++, null);
        wheel.Schedule(timer, 100_000);
        wheel.Schedule(timer, 10);
        wheel.Advance(10);
        Assert.Equal(1, count);
    }

    [Fact]
    public void Cancel_FromAHandlerOfTheSameSlot_KeepsTheOtherFromFiring()
    {
        var wheel = new TimerWheel();
        int count = 0;
        var timers = new ReactorTimer[2];
        timers[0] = new ReactorTimer(_ => Fire(1), null);
        timers[1] = new ReactorTimer(_ => Fire(0), null);
        wheel.Schedule(timers[0], 50);
        wheel.Schedule(timers[1], 50);
        wheel.Advance(60);
        Assert.Equal(1, count);
        Assert.Equal(0, wheel.Count);

        void Fire(int other)
        {
            count++;
            wheel.Cancel(timers[other]);
        }
    }

    [Fact]
    public void Advance_HandlerThrows_TheOthersFireAfterwards()
    {
        var wheel = new TimerWheel();
        int count = 0;
        for (int i = 0; i < 3; i++)
        {
            wheel.Schedule(new ReactorTimer(_ => throw new InvalidOperationException((++count).ToString()), null), 5);
        }

        for (int i = 0; i < 3; i++)
        {
            Assert.Throws<InvalidOperationException>(() => wheel.Advance(5));
        }

        wheel.Advance(5);
        Assert.Equal(3, count);
    }
}
