using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// One access log, compiled: which exchanges, which format, where to. Reactors format straight into the sink's buffer;
/// a sink that cannot keep up costs lines, counted, and never time.
/// </summary>
internal sealed class AccessLog
{
    /// <summary>Bytes of one line; a longer one is cut and still ends with a newline.</summary>
    public const int LineBytesMax = 16 * 1024;

    /// <summary>Envoy's format when none is given.</summary>
    public const string DefaultFormat =
        "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
        + "%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "
        + "\"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" "
        + "\"%UPSTREAM_HOST%\"\n";

    /// <summary>Istio's default format.</summary>
    public const string IstioFormat =
        "[%START_TIME%] \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% "
        + "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
        + "\"%UPSTREAM_TRANSPORT_FAILURE_REASON%\" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% "
        + "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
        + "\"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%UPSTREAM_HOST%\" %UPSTREAM_CLUSTER_RAW% "
        + "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
        + "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n";

    private readonly CommandFormat? _text;
    private readonly JsonLogFormat? _json;
    private readonly AccessLogFilter? _filter;
    private readonly AccessLogSinkWriter _sink;

    private AccessLog(CommandFormat? text, JsonLogFormat? json, AccessLogFilter? filter, AccessLogSinkWriter sink)
    {
        _text = text;
        _json = json;
        _filter = filter;
        _sink = sink;
    }

    /// <summary>Compiles the settings; a problem is added for each format that does not compile.</summary>
    public static AccessLog? Compile(
        AccessLogSettings settings, AccessLogSinks sinks, string path, List<ConfigProblem> problems)
    {
        CommandFormat? text = null;
        JsonLogFormat? json = null;
        if (settings.Json.Count > 0)
        {
            json = JsonLogFormat.Compile(settings.Json, settings.OmitEmptyValues, path + ".json_format", problems);
        }
        else if (!CommandFormat.TryCompile(settings.TextFormat ?? DefaultFormat, out text, out string problem))
        {
            problems.Add(new ConfigProblem(path + ".text_format", problem));
        }

        return text is null && json is null
            ? null
            : new AccessLog(text, json, settings.Filter, sinks.Open(settings));
    }

    /// <summary>Writes a line when the filter takes the exchange.</summary>
    public void Write(ExchangeRecord record, int reactor)
    {
        if (_filter is not null && !Takes(_filter, record))
        {
            return;
        }

        Span<byte> room = _sink.Reserve(reactor);
        if (room.IsEmpty)
        {
            return;
        }

        var writer = new ByteWriter(room[..^1]);
        if (_json is not null)
        {
            _json.Write(ref writer, record);
        }
        else
        {
            _text!.Write(ref writer, record);
        }

        int length = writer.Length;
        if (length == 0 || room[length - 1] != (byte)'\n')
        {
            room[length++] = (byte)'\n';
        }

        _sink.Commit(reactor, length);
    }

    private static bool Takes(AccessLogFilter filter, ExchangeRecord record)
    {
        switch (filter)
        {
            case StatusCodeLogFilter status:
                return Compare(status.Operator, record.ResponseCode, status.Value);
            case DurationLogFilter duration:
                return Compare(duration.Operator, (record.EndUs - record.StartUs) / 1000, duration.Milliseconds);
            case ResponseFlagLogFilter flags:
                return HasFlag(flags, record.Flags);
            case AndLogFilter and:
                for (int i = 0; i < and.Filters.Count; i++)
                {
                    if (!Takes(and.Filters[i], record))
                    {
                        return false;
                    }
                }

                return true;
            case OrLogFilter or:
                for (int i = 0; i < or.Filters.Count; i++)
                {
                    if (Takes(or.Filters[i], record))
                    {
                        return true;
                    }
                }

                return false;
            default:
                return true;
        }
    }

    private static bool HasFlag(ResponseFlagLogFilter filter, ResponseFlags flags)
    {
        if (filter.Flags.Count == 0)
        {
            return flags != ResponseFlags.None;
        }

        for (int i = 0; i < filter.Flags.Count; i++)
        {
            if (ResponseFlagNames.TryParse(filter.Flags[i], out ResponseFlags flag) && (flags & flag) != 0)
            {
                return true;
            }
        }

        return false;
    }

    private static bool Compare(ComparisonOperator comparison, long value, uint bound) => comparison switch
    {
        ComparisonOperator.GreaterOrEqual => value >= bound,
        ComparisonOperator.LessOrEqual => value <= bound,
        ComparisonOperator.NotEqual => value != bound,
        _ => value == bound,
    };
}

/// <summary>A JSON line: members in order, numbers as numbers, absent values as null or left out.</summary>
internal sealed class JsonLogFormat
{
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
        Span<byte> value = stackalloc byte[4096];
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

    /// <summary>RFC 8259 §7; bytes that are no UTF-8 pass as Latin-1 escapes, so that a line is always valid JSON.</summary>
    private static void WriteString(ref ByteWriter writer, scoped ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        writer.Write((byte)'"');
        foreach (byte b in text)
        {
            if (b is >= 0x20 and < 0x7F and not (byte)'"' and not (byte)'\\')
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

        writer.Write((byte)'"');
    }
}
