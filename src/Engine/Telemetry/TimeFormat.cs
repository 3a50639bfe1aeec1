using System;
using System.Collections.Generic;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// A compiled <c>%START_TIME(format)%</c>: strftime's directives, and Envoy's <c>%f</c>, <c>%1f</c>…<c>%9f</c> and
/// <c>%E3S</c>, in UTC.
/// </summary>
internal sealed class TimeFormat
{
    /// <summary>Envoy's default: 2026-01-31T08:09:10.123Z.</summary>
    public static readonly TimeFormat Default = new([]);

    private static readonly string[] s_months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

    private static readonly string[] s_days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    private const int PrefixBytes = 20;

    // A reactor writes many lines of one second, so that all but the milliseconds is kept.
    [ThreadStatic]
    private static byte[]? t_prefix;

    [ThreadStatic]
    private static long t_prefixSecond;

    private readonly (char Directive, string Literal)[] _parts;

    private TimeFormat((char Directive, string Literal)[] parts) => _parts = parts;

    public static bool TryCompile(string text, out TimeFormat format, out string problem)
    {
        var parts = new List<(char, string)>();
        problem = "";
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '%')
            {
                parts.Add(('\0', text[i].ToString()));
                continue;
            }

            string rest = text[(i + 1)..];
            if (rest.StartsWith("E3S", StringComparison.Ordinal))
            {
                parts.AddRange([('S', ""), ('\0', "."), ('3', "")]);
                i += 3;
            }
            else if (rest.Length > 1 && char.IsAsciiDigit(rest[0]) && rest[1] == 'f')
            {
                parts.Add((rest[0], ""));
                i += 2;
            }
            else if (rest.Length > 0 && "YmdHMSsTFfebaZzy%".Contains(rest[0], StringComparison.Ordinal))
            {
                parts.Add((rest[0], ""));
                i++;
            }
            else
            {
                format = Default;
                problem = $"time directive %{(rest.Length > 0 ? rest[0] : ' ')} is not known; "
                    + "write Y m d H M S s T F f 1f..9f E3S e b a y Z z";
                return false;
            }
        }

        format = parts.Count == 0 ? Default : new TimeFormat([.. parts]);
        return true;
    }

    public void Write(ref ByteWriter writer, long utcMs)
    {
        if (_parts.Length == 0)
        {
            WriteDefault(ref writer, utcMs);
            return;
        }

        DateTime time = DateTime.UnixEpoch.AddMilliseconds(utcMs);
        foreach ((char directive, string literal) in _parts)
        {
            WritePart(ref writer, directive, literal, time, utcMs);
        }
    }

    private static void WriteDefault(ref ByteWriter writer, long utcMs)
    {
        long second = utcMs / 1000;
        byte[]? prefix = t_prefix;
        if (prefix is null || t_prefixSecond != second)
        {
            t_prefix = prefix ??= new byte[PrefixBytes];
            t_prefixSecond = second;
            var text = new ByteWriter(prefix);
            DateTime time = DateTime.UnixEpoch.AddSeconds(second);
            WriteDate(ref text, time);
            text.Write((byte)'T');
            WriteTime(ref text, time);
            text.Write((byte)'.');
        }

        writer.Write(prefix);
        writer.WritePadded(utcMs - (second * 1000), 3);
        writer.Write((byte)'Z');
    }

    private static void WritePart(ref ByteWriter writer, char directive, string literal, DateTime time, long utcMs)
    {
        switch (directive)
        {
            case '\0': writer.Write(literal); break;
            case 'Y': writer.WritePadded(time.Year, 4); break;
            case 'y': writer.WritePadded(time.Year % 100, 2); break;
            case 'm': writer.WritePadded(time.Month, 2); break;
            case 'd': writer.WritePadded(time.Day, 2); break;
            case 'e': writer.Write(time.Day); break;
            case 'H': writer.WritePadded(time.Hour, 2); break;
            case 'M': writer.WritePadded(time.Minute, 2); break;
            case 'S': writer.WritePadded(time.Second, 2); break;
            case 's': writer.Write(utcMs / 1000); break;
            case 'F': WriteDate(ref writer, time); break;
            case 'T': WriteTime(ref writer, time); break;
            case 'b': writer.Write(s_months[time.Month - 1]); break;
            case 'a': writer.Write(s_days[(int)time.DayOfWeek]); break;
            case 'Z': writer.Write("UTC"u8); break;
            case 'z': writer.Write("+0000"u8); break;
            case '%': writer.Write((byte)'%'); break;
            case 'f': WriteFraction(ref writer, time, 9); break;
            default: WriteFraction(ref writer, time, directive - '0'); break;
        }
    }

    private static void WriteDate(ref ByteWriter writer, DateTime time)
    {
        writer.WritePadded(time.Year, 4);
        writer.Write((byte)'-');
        writer.WritePadded(time.Month, 2);
        writer.Write((byte)'-');
        writer.WritePadded(time.Day, 2);
    }

    private static void WriteTime(ref ByteWriter writer, DateTime time)
    {
        writer.WritePadded(time.Hour, 2);
        writer.Write((byte)':');
        writer.WritePadded(time.Minute, 2);
        writer.Write((byte)':');
        writer.WritePadded(time.Second, 2);
    }

    private static void WriteFraction(ref ByteWriter writer, DateTime time, int digits)
    {
        long nanoseconds = time.Ticks % TimeSpan.TicksPerSecond * 100;
        for (int i = digits; i < 9; i++)
        {
            nanoseconds /= 10;
        }

        writer.WritePadded(nanoseconds, digits);
    }
}
