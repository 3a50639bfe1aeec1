using System;
using System.Globalization;

namespace FastMesh.Config.Trees;

/// <summary>The protobuf JSON mapping of scalars (protobuf.dev, "ProtoJSON Format").</summary>
internal static class Scalars
{
    private const int NanosDigitsMax = 9;

    // google.protobuf.Duration: 10,000 years.
    private const long DurationSecondsMax = 315_576_000_000;

    /// <summary>
    /// A duration: <c>5s</c>, <c>0.25s</c>, <c>-1s</c>; <c>500ms</c> besides. Parts of 100 ns are rounded up, so that
    /// nothing above zero becomes zero.
    /// </summary>
    public static bool TryDuration(ReadOnlySpan<char> text, out TimeSpan value)
    {
        value = default;
        if (text.EndsWith("ms"))
        {
            if (!TryDigits(text[..^2], DurationSecondsMax, out long ms))
            {
                return false;
            }

            value = TimeSpan.FromMilliseconds(ms);
            return true;
        }

        if (!text.EndsWith("s"))
        {
            return false;
        }

        text = text[..^1];
        bool negative = text.StartsWith("-");
        text = negative ? text[1..] : text;
        int dot = text.IndexOf('.');
        ReadOnlySpan<char> whole = dot < 0 ? text : text[..dot];
        ReadOnlySpan<char> part = dot < 0 ? [] : text[(dot + 1)..];
        if (!TryDigits(whole, DurationSecondsMax, out long seconds) || (dot >= 0 && !TryTicks(part, out _)))
        {
            return false;
        }

        long ticks = dot < 0 ? 0 : TryTicks(part, out long read) ? read : 0;
        ticks += seconds * TimeSpan.TicksPerSecond;
        value = TimeSpan.FromTicks(negative ? -ticks : ticks);
        return true;
    }

    /// <summary>A whole number in a range: digits, with a sign, or with a fraction of zeros.</summary>
    public static bool TryInteger(ReadOnlySpan<char> text, long min, long max, out long value)
    {
        int dot = text.IndexOf('.');
        if (dot > 0 && dot < text.Length - 1 && text[(dot + 1)..].IndexOfAnyExcept('0') < 0)
        {
            text = text[..dot];
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && value >= min
            && value <= max;
    }

    /// <summary>A finite floating-point number.</summary>
    public static bool TryDouble(ReadOnlySpan<char> text, out double value) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static bool TryTicks(ReadOnlySpan<char> fraction, out long ticks)
    {
        ticks = 0;
        if (fraction.Length > NanosDigitsMax || !TryDigits(fraction, long.MaxValue, out long nanos))
        {
            return false;
        }

        for (int digits = fraction.Length; digits < NanosDigitsMax; digits++)
        {
            nanos *= 10;
        }

        ticks = (nanos + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick;
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<char> text, long max, out long value) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max;
}
