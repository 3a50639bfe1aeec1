using System;
using System.Globalization;

namespace FastMesh.Proxy;

/// <summary>Reads durations of a command line: 500ms, 5s, 2m, 1h, with fractions; 0 needs no unit.</summary>
internal static class Durations
{
    private const double MillisecondsMost = 24d * 3600 * 1000;

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        (string number, double milliseconds) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 1d),
            _ when text.EndsWith('s') => (text[..^1], 1000d),
            _ when text.EndsWith('m') => (text[..^1], 60_000d),
            _ when text.EndsWith('h') => (text[..^1], 3_600_000d),
            _ => (string.Empty, 0d),
        };
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            || value * milliseconds > MillisecondsMost)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(value * milliseconds);
        return true;
    }
}
