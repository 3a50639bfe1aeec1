using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// A compiled format string with Envoy's command operators, <c>%REQ(:PATH)%</c> and so on: parts in order, written
/// without allocating. Absent values are written as <c>-</c>.
/// </summary>
internal sealed class CommandFormat
{
    private readonly FormatPart[] _parts;

    private CommandFormat(FormatPart[] parts) => _parts = parts;

    /// <summary>True when the text has no operator.</summary>
    public bool IsLiteral => _parts.Length == 0 || (_parts.Length == 1 && _parts[0].Operator == FormatOperator.Literal);

    /// <summary>True when it is one operator alone, so that JSON may keep numbers as numbers.</summary>
    public bool IsSingleOperator => _parts.Length == 1 && _parts[0].Operator != FormatOperator.Literal;

    /// <summary>True when a lone operator yields a number.</summary>
    public bool IsNumber => IsSingleOperator && _parts[0].Operator.IsNumber();

    /// <summary>Compiles a text.</summary>
    /// <param name="text">The format; <c>%%</c> is a percent sign.</param>
    /// <param name="format">The result, or null.</param>
    /// <param name="problem">What is wrong, naming the operator and what is known.</param>
    public static bool TryCompile(string text, out CommandFormat? format, out string problem)
    {
        var parts = new List<FormatPart>();
        var literal = new StringBuilder();
        format = null;
        int at = 0;
        while (at < text.Length)
        {
            if (text[at] != '%')
            {
                literal.Append(text[at++]);
                continue;
            }

            if (at + 1 < text.Length && text[at + 1] == '%')
            {
                literal.Append('%');
                at += 2;
                continue;
            }

            Flush(parts, literal);
            if (!FormatPartReader.TryRead(text, ref at, out FormatPart part, out problem))
            {
                return false;
            }

            parts.Add(part);
        }

        Flush(parts, literal);
        problem = "";
        format = new CommandFormat([.. parts]);
        return true;
    }

    /// <summary>Writes the values of an exchange.</summary>
    /// <param name="destination">Takes the text; what does not fit is cut.</param>
    /// <param name="record">What is known.</param>
    /// <param name="omitEmpty">An absent value is nothing, as in field values, and not "-".</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> destination, ExchangeRecord record, bool omitEmpty = false)
    {
        var writer = new ByteWriter(destination);
        Write(ref writer, record, omitEmpty);
        return writer.Length;
    }

    /// <summary>As the overload for a span. False when some value was absent.</summary>
    public bool Write(ref ByteWriter writer, ExchangeRecord record, bool omitEmpty = false)
    {
        bool all = true;
        foreach (ref readonly FormatPart part in _parts.AsSpan())
        {
            int before = writer.Length;
            if (!FormatValues.TryWrite(ref writer, part, record))
            {
                all = false;
                writer.Truncate(before);
                if (!omitEmpty)
                {
                    writer.Write((byte)'-');
                }
            }
            else if (part.LengthMax > 0)
            {
                writer.Truncate(before + part.LengthMax);
            }
        }

        return all;
    }

    private static void Flush(List<FormatPart> parts, StringBuilder literal)
    {
        if (literal.Length > 0)
        {
            parts.Add(new FormatPart(FormatOperator.Literal, Encoding.UTF8.GetBytes(literal.ToString())));
            literal.Clear();
        }
    }
}

/// <summary>One part of a format.</summary>
/// <param name="Operator">What is written.</param>
/// <param name="Text">The literal, or the argument in lower case.</param>
internal readonly record struct FormatPart(FormatOperator Operator, byte[] Text)
{
    /// <summary>Written when the first field is absent: <c>%REQ(A?B)%</c>.</summary>
    public byte[] Alternative { get; init; } = [];

    /// <summary>Bytes at most; 0 is no limit.</summary>
    public int LengthMax { get; init; }

    public TimeFormat? Time { get; init; }
}

/// <summary>Reads one <c>%OPERATOR(argument?alternative):length%</c>.</summary>
internal static class FormatPartReader
{
    public static bool TryRead(string text, ref int at, out FormatPart part, out string problem)
    {
        part = default;
        int start = at + 1;
        int open = start;
        while (open < text.Length && (char.IsAsciiLetterUpper(text[open]) || char.IsAsciiDigit(text[open])
            || text[open] == '_'))
        {
            open++;
        }

        string name = text[start..open];
        string? argument = null;
        int end = open;
        if (end < text.Length && text[end] == '(')
        {
            int close = text.IndexOf(')', end);
            if (close < 0)
            {
                problem = $"%{name}( has no closing parenthesis";
                return false;
            }

            argument = text[(end + 1)..close];
            end = close + 1;
        }

        int length = 0;
        if (end < text.Length && text[end] == ':')
        {
            int digits = end + 1;
            while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            {
                digits++;
            }

            if (!int.TryParse(text.AsSpan(end + 1, digits - end - 1), NumberStyles.None, CultureInfo.InvariantCulture,
                out length) || length == 0)
            {
                problem = $"%{name}...: wants a positive length after the colon";
                return false;
            }

            end = digits;
        }

        if (end >= text.Length || text[end] != '%')
        {
            problem = $"operator %{name} does not end with %; write %% for a percent sign";
            return false;
        }

        at = end + 1;
        return TryMake(name, argument, length, out part, out problem);
    }

    private static bool TryMake(string name, string? argument, int length, out FormatPart part, out string problem)
    {
        part = default;
        problem = "";
        if (!FormatOperators.TryParse(name, out FormatOperator kind))
        {
            problem = $"operator %{name}% is not known; known are {FormatOperators.Known}";
            return false;
        }

        if (kind == FormatOperator.StartTime)
        {
            TimeFormat time = TimeFormat.Default;
            if (argument is not null && !TimeFormat.TryCompile(argument, out time, out problem))
            {
                return false;
            }

            part = new FormatPart(kind, []) { Time = time, LengthMax = length };
            return true;
        }

        bool takesField = kind is FormatOperator.RequestField or FormatOperator.ResponseField
            or FormatOperator.TrailerField or FormatOperator.RequestWithoutQuery or FormatOperator.Environment;
        if (takesField != argument is { Length: > 0 })
        {
            problem = takesField ? $"%{name}% wants a name, as in %{name}(X)%" : $"%{name}% takes no argument";
            return false;
        }

        string[] names = (argument ?? "").Split('?', 2);
        if (kind == FormatOperator.Environment)
        {
            string value = System.Environment.GetEnvironmentVariable(argument!) ?? "-";
            part = new FormatPart(FormatOperator.Literal, Encoding.UTF8.GetBytes(value));
            return true;
        }

        part = new FormatPart(kind, Encoding.UTF8.GetBytes(names[0].ToLowerInvariant()))
        {
            Alternative = names.Length > 1 ? Encoding.UTF8.GetBytes(names[1].ToLowerInvariant()) : [],
            LengthMax = length,
        };
        return true;
    }
}
