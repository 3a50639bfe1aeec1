using System;
using System.Runtime.CompilerServices;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// Caps on what costs the peer little and this side much (RFC 9113 §10.5). Each charge says whether the peer may go
/// on. Stocks are refilled by <see cref="Tick"/>: there is no clock here.
/// </summary>
internal struct AbuseBudget
{
    private Stocks _stocks;
    private long _refilledMs;
    private long _streamsOpened;
    private long _dataFramesSent;
    private long _priorityFrames;
    private long _windowUpdates;
    private int _emptyFramesInRow;
    private int _owedFrames;

    /// <summary>The stocks, full at first.</summary>
    private enum Stock : byte
    {
        Resets,
        Settings,
        Pings,
        Unknown,
        Stray,
    }

    /// <summary>Fills all stocks.</summary>
    public AbuseBudget(Http2Limits limits)
    {
        _refilledMs = long.MinValue;
        for (Stock stock = Stock.Resets; stock <= Stock.Stray; stock++)
        {
            _stocks[(int)stock] = AllowanceOf(limits, stock).Burst;
        }
    }

    /// <summary>Refills for the time since the last refill.</summary>
    public void Tick(Http2Limits limits, long nowMs)
    {
        if (_refilledMs == long.MinValue)
        {
            _refilledMs = nowMs;
        }

        // Whole seconds only: a part of one would be rounded away, for slow stocks again and again.
        long seconds = (nowMs - _refilledMs) / 1000;
        if (seconds <= 0)
        {
            return;
        }

        _refilledMs += seconds * 1000;
        for (Stock stock = Stock.Resets; stock <= Stock.Stray; stock++)
        {
            Http2Allowance allowance = AllowanceOf(limits, stock);
            long filled = _stocks[(int)stock] + (seconds * allowance.PerSecond);
            _stocks[(int)stock] = (int)Math.Min(filled, allowance.Burst);
        }
    }

    /// <summary>A stream was opened by the peer or by this side.</summary>
    public void StreamOpened() => _streamsOpened++;

    /// <summary>A request got its response: one reset is forgiven.</summary>
    public void StreamServed(Http2Limits limits)
    {
        if (_stocks[(int)Stock.Resets] < limits.Resets.Burst)
        {
            _stocks[(int)Stock.Resets]++;
        }
    }

    /// <summary>A DATA frame was sent.</summary>
    public void DataSent() => _dataFramesSent++;

    /// <summary>The peer reset a stream whose response had not begun.</summary>
    public Http2Fault PrematureReset() => Take(Stock.Resets, Http2Fault.RapidResetFlood);

    /// <summary>The peer made this side reset or refuse a stream.</summary>
    public Http2Fault ProvokedReset() => Take(Stock.Resets, Http2Fault.ProvokedResetFlood);

    /// <summary>A SETTINGS frame came.</summary>
    public Http2Fault Settings() => Take(Stock.Settings, Http2Fault.SettingsFlood);

    /// <summary>A PING came.</summary>
    public Http2Fault Ping() => Take(Stock.Pings, Http2Fault.PingFlood);

    /// <summary>A frame of unknown type came.</summary>
    public Http2Fault Unknown() => Take(Stock.Unknown, Http2Fault.UnknownFrameFlood);

    /// <summary>A frame for a closed stream came.</summary>
    public Http2Fault Stray() => Take(Stock.Stray, Http2Fault.StrayFrameFlood);

    /// <summary>DATA, HEADERS or CONTINUATION came, with or without content or end.</summary>
    public Http2Fault Content(Http2Limits limits, bool isEmpty)
    {
        _emptyFramesInRow = isEmpty ? _emptyFramesInRow + 1 : 0;
        return _emptyFramesInRow > limits.EmptyFramesInRowMax ? Http2Fault.EmptyFrameFlood : Http2Fault.None;
    }

    /// <summary>PRIORITY or PRIORITY_UPDATE came.</summary>
    public Http2Fault Priority(Http2Limits limits) =>
        ++_priorityFrames > limits.PriorityFramesPerStreamMax * (1 + _streamsOpened)
            ? Http2Fault.PriorityFlood
            : Http2Fault.None;

    /// <summary>WINDOW_UPDATE came.</summary>
    public Http2Fault WindowUpdate(Http2Limits limits) =>
        ++_windowUpdates > limits.WindowUpdatesPerDataMax * (1 + _streamsOpened + _dataFramesSent)
            ? Http2Fault.WindowUpdateFlood
            : Http2Fault.None;

    /// <summary>A frame was written that the peer provoked: an acknowledgement or a reset.</summary>
    public void FrameOwed() => _owedFrames++;

    /// <summary>Frames of that kind that the transport may not have sent yet.</summary>
    public readonly int OwedFrames => _owedFrames;

    /// <summary>The transport has sent the oldest of them.</summary>
    public void OwedSent(int count) => _owedFrames = Math.Max(0, _owedFrames - count);

    /// <summary>Whether the frames that wait for the peer are within their limit.</summary>
    public readonly Http2Fault Owed(Http2Limits limits) =>
        _owedFrames > limits.OwedFramesMax ? Http2Fault.OwedFrameFlood : Http2Fault.None;

    private static Http2Allowance AllowanceOf(Http2Limits limits, Stock stock) => stock switch
    {
        Stock.Resets => limits.Resets,
        Stock.Settings => limits.SettingsFrames,
        Stock.Pings => limits.PingFrames,
        Stock.Unknown => limits.UnknownFrames,
        _ => limits.StrayFrames,
    };

    private Http2Fault Take(Stock stock, Http2Fault flood)
    {
        ref int left = ref _stocks[(int)stock];
        if (left <= 0)
        {
            return flood;
        }

        left--;
        return Http2Fault.None;
    }

    [InlineArray((int)Stock.Stray + 1)]
    private struct Stocks
    {
        private int _first;
    }
}
