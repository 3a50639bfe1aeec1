using System;
using System.Collections.Generic;
using System.Text;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// A compiled format string with Envoy's command operators, <c>%REQ(:PATH)%</c> and so on: parts in order, written
/// without allocating. Absent values are written as <c>-</c>.
/// </summary>
internal sealed class CommandFormat
{
    private readonly FormatPart[] _parts;

    private readonly bool _omitsEmpty;

    private CommandFormat(FormatPart[] parts, bool omitsEmpty)
    {
        _parts = parts;
        _omitsEmpty = omitsEmpty;
    }

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
    public static bool TryCompile(string text, out CommandFormat? format, out string problem) =>
        TryCompile(text, omitsEmpty: false, out format, out problem);

    /// <summary>As the shorter overload; <paramref name="omitsEmpty"/> writes nothing for what is absent.</summary>
    public static bool TryCompile(string text, bool omitsEmpty, out CommandFormat? format, out string problem)
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
        format = new CommandFormat([.. parts], omitsEmpty);
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
                if (!omitEmpty && !_omitsEmpty)
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
