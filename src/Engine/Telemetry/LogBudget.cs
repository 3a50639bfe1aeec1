namespace FastMesh.Engine.Telemetry;

/// <summary>
/// Lines that peers cause are bounded, so that nobody fills a disk from outside: some a second, and the next one says
/// how many were left out. Belongs to one thread.
/// </summary>
internal struct LogBudget
{
    /// <summary>Lines a second.</summary>
    public const int LinesPerSecond = 5;

    private long _untilMs;
    private int _written;
    private long _leftOut;

    /// <summary>True when a line may be written now.</summary>
    /// <param name="nowMs">A monotonic time.</param>
    /// <param name="leftOut">Lines left out since the last one.</param>
    public bool TryTake(long nowMs, out long leftOut)
    {
        if (nowMs >= _untilMs)
        {
            _untilMs = nowMs + 1000;
            _written = 0;
        }

        leftOut = _leftOut;
        if (_written == LinesPerSecond)
        {
            _leftOut++;
            return false;
        }

        _written++;
        _leftOut = 0;
        return true;
    }
}
