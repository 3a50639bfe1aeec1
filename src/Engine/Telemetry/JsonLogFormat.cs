using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using System.Text.Unicode;
using FastMesh.Model;

namespace FastMesh.Engine.Telemetry;

/// <summary>A JSON line: members in order, numbers as numbers, absent values as null or left out.</summary>
internal sealed class JsonLogFormat
{
    /// <summary>Bytes of one value; a longer one is cut.</summary>
    private const int ValueBytesMax = 4096;

    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"u8);

    private readonly (byte[] Name, CommandFormat? Format, JsonLogFormat? Object)[] _members;
    private readonly bool _omitsEmpty;

    private JsonLogFormat((byte[] Name, CommandFormat? Format, JsonLogFormat? Object)[] members, bool omitsEmpty)
    {
        _members = members;
        _omitsEmpty = omitsEmpty;
    }

    public static JsonLogFormat? Compile(
        ValueList<JsonLogMember> members, bool omitsEmpty, string path, List<ConfigProblem> problems)
    {
        var compiled = new (byte[], CommandFormat?, JsonLogFormat?)[members.Count];
        bool good = true;
        for (int i = 0; i < compiled.Length; i++)
        {
            JsonLogMember member = members[i];
            CommandFormat? format = null;
            JsonLogFormat? nested = null;
            if (member.Format is null)
            {
                nested = Compile(member.Members, omitsEmpty, $"{path}.{member.Name}", problems);
                good &= nested is not null;
            }
            else if (!CommandFormat.TryCompile(member.Format, out format, out string problem))
            {
                problems.Add(new ConfigProblem($"{path}.{member.Name}", problem));
                good = false;
            }

            compiled[i] = (Encoding.UTF8.GetBytes(member.Name), format, nested);
        }

        return good ? new JsonLogFormat(compiled, omitsEmpty) : null;
    }

    public void Write(ref ByteWriter writer, ExchangeRecord record)
    {
        Span<byte> value = stackalloc byte[ValueBytesMax];
        writer.Write((byte)'{');
        bool first = true;
        foreach ((byte[] name, CommandFormat? format, JsonLogFormat? nested) in _members)
        {
            var text = new ByteWriter(value);
            bool present = format is null || format.Write(ref text, record) || !format.IsSingleOperator;
            if (!present && _omitsEmpty)
            {
                continue;
            }

            if (!first)
            {
                writer.Write((byte)',');
            }

            first = false;
            WriteString(ref writer, name);
            writer.Write((byte)':');
            if (nested is not null)
            {
                nested.Write(ref writer, record);
            }
            else if (!present)
            {
                writer.Write("null"u8);
            }
            else if (format!.IsNumber)
            {
                writer.Write(text.Written);
            }
            else
            {
                WriteString(ref writer, text.Written);
            }
        }

        writer.Write((byte)'}');
    }

    /// <summary>
    /// RFC 8259 §7; bytes that are no UTF-8 pass as Latin-1 escapes, so that a line is always valid JSON.
    /// </summary>
    private static void WriteString(ref ByteWriter writer, scoped ReadOnlySpan<byte> text)
    {
        writer.Write((byte)'"');
        if (text.IndexOfAnyExcept(s_plain) < 0)
        {
            writer.Write(text);
        }
        else
        {
            WriteEscaped(ref writer, text, Utf8.IsValid(text));
        }

        writer.Write((byte)'"');
    }

    private static void WriteEscaped(ref ByteWriter writer, scoped ReadOnlySpan<byte> text, bool isUtf8)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        foreach (byte b in text)
        {
            if (b is (byte)'"' or (byte)'\\')
            {
                writer.Write((byte)'\\');
                writer.Write(b);
            }
            else if (b is >= 0x20 and < 0x7F || (b >= 0x80 && isUtf8))
            {
                writer.Write(b);
            }
            else
            {
                writer.Write("\\u00"u8);
                writer.Write(digits[b >> 4]);
                writer.Write(digits[b & 15]);
            }
        }
    }
}
