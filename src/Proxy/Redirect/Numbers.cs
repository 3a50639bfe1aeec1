using System.Globalization;

namespace FastMesh.Proxy.Redirect;

/// <summary>Reads decimal numbers of a known range; nothing else is let into a rule.</summary>
internal static class Numbers
{
    public static bool TryRead(string text, int least, int most, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)
        && value >= least && value <= most;
}
