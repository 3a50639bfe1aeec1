using System.Diagnostics;

namespace FastMesh.Protocols.Http2;

/// <summary>
/// What may still be sent, or received, in one direction (RFC 9113 §5.2 and §6.9). SETTINGS can make it negative: then
/// nothing goes until WINDOW_UPDATE frames have lifted it above zero (§6.9.2).
/// </summary>
internal struct FlowWindow
{
    /// <summary>A window is never above 2^31-1 (RFC 9113 §6.9.1).</summary>
    public const int Max = int.MaxValue;

    /// <summary>Makes a window of some bytes.</summary>
    public FlowWindow(int bytes)
    {
        Bytes = bytes;
    }

    /// <summary>Bytes that may go; negative after a reduction.</summary>
    public int Bytes { get; private set; }

    /// <summary>Takes bytes of DATA, padding included; false when there are too few.</summary>
    public bool TryTake(int count)
    {
        Debug.Assert(count >= 0, "a length is not negative");
        if (count > Bytes)
        {
            return false;
        }

        Bytes -= count;
        return true;
    }

    /// <summary>Adds the increment of a WINDOW_UPDATE; false on overflow.</summary>
    public bool TryAdd(int increment)
    {
        long sum = (long)Bytes + increment;
        if (sum > Max)
        {
            return false;
        }

        Bytes = (int)sum;
        return true;
    }

    /// <summary>Follows a change of SETTINGS_INITIAL_WINDOW_SIZE; false on overflow (RFC 9113 §6.9.2).</summary>
    public bool TryShift(int oldInitial, int newInitial)
    {
        long sum = (long)Bytes + newInitial - oldInitial;
        if (sum > Max)
        {
            return false;
        }

        // -2^31 cannot be passed: a window is lowered by 2^31-1 at most and DATA takes only what is there.
        Bytes = (int)sum;
        return true;
    }
}
