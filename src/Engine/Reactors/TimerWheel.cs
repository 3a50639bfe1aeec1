using System;
using System.Diagnostics;
using System.Numerics;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// Every timeout of one reactor: six levels of 64 slots, a millisecond at the bottom, so that scheduling and
/// cancelling are O(1) and the next wake-up is found by a few bit scans.
/// <code>
/// level 0: 64 × 1 ms    level 1: 64 × 64 ms    level 2: 64 × 4 s    … level 5: 64 × 12 days
/// </code>
/// A timer sits in the level of the highest six-bit group in which its due time differs from the wheel's time; when
/// the wheel reaches that slot, the timer moves down. A timer moved to a later time stays where it is and moves on
/// when its slot comes up: pushing an idle timeout ahead costs one store.
/// </summary>
internal sealed class TimerWheel
{
    private const int Levels = 6;
    private const int SlotBits = 6;
    private const int SlotsPerLevel = 1 << SlotBits;
    private const int FiringSlot = Levels * SlotsPerLevel;

    // Half of what the wheel spans (2^36 ms): about 397 days, further than any timeout that is meant.
    private const long DelayMaxMs = 1L << 35;

    private readonly ReactorTimer?[] _slots = new ReactorTimer?[FiringSlot + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private readonly Reactor? _reactor;
    private long _wheelMs;
    private long _nowMs;

    public TimerWheel(Reactor? reactor = null)
    {
        _reactor = reactor;
    }

    /// <summary>Timers waiting.</summary>
    public int Count { get; private set; }

    /// <summary>Schedules <paramref name="timer"/> to fire once; one that was scheduled is moved.</summary>
    public void Schedule(ReactorTimer timer, long delayMs)
    {
        long due = (_reactor?.NowMs ?? _nowMs) + Math.Clamp(delayMs, 0, DelayMaxMs);
        if (timer.Slot >= 0)
        {
            if (due >= timer.DueMs && timer.Slot != FiringSlot)
            {
                timer.DueMs = due;
                return;
            }

            Unlink(timer);
        }

        timer.DueMs = due;
        Insert(timer);
        Count++;
    }

    /// <summary>Takes <paramref name="timer"/> out; harmless when it is not scheduled.</summary>
    public void Cancel(ReactorTimer timer)
    {
        if (timer.Slot >= 0)
        {
            Unlink(timer);
        }
    }

    /// <summary>Milliseconds until something may be due, 0 when it is overdue, -1 when no timer waits.</summary>
    public int NextDelayMs(long nowMs)
    {
        if (!TryNext(out _, out _, out long deadline))
        {
            return -1;
        }

        return (int)Math.Clamp(deadline - nowMs, 0, int.MaxValue);
    }

    /// <summary>Fires all that is due at <paramref name="nowMs"/>.</summary>
    public void Advance(long nowMs)
    {
        _nowMs = nowMs;
        FireTaken();
        while (TryNext(out int level, out int slot, out long deadline) && deadline <= nowMs)
        {
            _wheelMs = deadline;
            TakeSlot(level, slot);
            FireTaken();
        }

        _wheelMs = Math.Max(_wheelMs, nowMs);
    }

    // Also called first thing in Advance: a handler that threw has left the rest of its slot behind.
    private void FireTaken()
    {
        while (_slots[FiringSlot] is { } timer)
        {
            Unlink(timer);
            if (timer.DueMs <= _wheelMs)
            {
                timer.Fire();
            }
            else
            {
                Insert(timer);
                Count++;
            }
        }
    }

    // The lowest occupied level holds the earliest slot: everything in a level above differs in a higher group.
    private bool TryNext(out int level, out int slot, out long deadline)
    {
        for (level = 0; level < Levels; level++)
        {
            ulong occupied = _occupied[level];
            if (occupied == 0)
            {
                continue;
            }

            int shift = level * SlotBits;
            int current = (int)(_wheelMs >> shift) & (SlotsPerLevel - 1);
            slot = (BitOperations.TrailingZeroCount(BitOperations.RotateRight(occupied, current)) + current)
                & (SlotsPerLevel - 1);
            long range = (long)SlotsPerLevel << shift;
            deadline = (_wheelMs & ~(range - 1)) + ((long)slot << shift);
            if (deadline < _wheelMs)
            {
                deadline += range;
            }

            return true;
        }

        slot = 0;
        deadline = 0;
        return false;
    }

    private void Insert(ReactorTimer timer)
    {
        long when = Math.Max(timer.DueMs, _wheelMs + 1);
        timer.DueMs = when;
        int level = (63 - BitOperations.LeadingZeroCount((ulong)(when ^ _wheelMs) | (SlotsPerLevel - 1))) / SlotBits;
        level = Math.Min(level, Levels - 1);
        int slot = (int)(when >> (level * SlotBits)) & (SlotsPerLevel - 1);
        _occupied[level] |= 1UL << slot;
        Link(timer, (level * SlotsPerLevel) + slot);
    }

    private void Link(ReactorTimer timer, int index)
    {
        ReactorTimer? head = _slots[index];
        timer.Slot = index;
        timer.Previous = null;
        timer.Next = head;
        if (head is not null)
        {
            head.Previous = timer;
        }

        _slots[index] = timer;
    }

    private void Unlink(ReactorTimer timer)
    {
        int index = timer.Slot;
        Debug.Assert(index >= 0, "the timer is linked");
        if (timer.Previous is { } previous)
        {
            previous.Next = timer.Next;
        }
        else
        {
            _slots[index] = timer.Next;
            if (timer.Next is null && index != FiringSlot)
            {
                _occupied[index / SlotsPerLevel] &= ~(1UL << (index & (SlotsPerLevel - 1)));
            }
        }

        if (timer.Next is { } next)
        {
            next.Previous = timer.Previous;
        }

        timer.Next = null;
        timer.Previous = null;
        timer.Slot = -1;
        Count--;
    }

    private void TakeSlot(int level, int slot)
    {
        int index = (level * SlotsPerLevel) + slot;
        Debug.Assert(_slots[FiringSlot] is null, "the last slot was fired to the end");
        ReactorTimer? timer = _slots[index];
        _slots[FiringSlot] = timer;
        _slots[index] = null;
        _occupied[level] &= ~(1UL << slot);
        for (; timer is not null; timer = timer.Next)
        {
            timer.Slot = FiringSlot;
        }
    }
}
