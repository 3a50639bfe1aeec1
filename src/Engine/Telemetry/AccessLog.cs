using System;
using System.Collections.Generic;
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
    private readonly LogFilter? _filter;
    private readonly AccessLogSinkWriter _sink;

    private AccessLog(CommandFormat? text, JsonLogFormat? json, LogFilter? filter, AccessLogSinkWriter sink)
    {
        _text = text;
        _json = json;
        _filter = filter;
        _sink = sink;
    }

    /// <summary>Compiles the settings; a problem is added for each format that does not compile.</summary>
    public static AccessLog? Compile(
        AccessLogSettings settings,
        AccessLogSinks sinks,
        string path,
        List<ConfigProblem> problems,
        FieldTestCompiler fields)
    {
        CommandFormat? text = null;
        JsonLogFormat? json = null;
        if (settings.Json.Count > 0)
        {
            json = JsonLogFormat.Compile(settings.Json, settings.OmitEmptyValues, path + ".json_format", problems);
        }
        else if (!CommandFormat.TryCompile(
            settings.TextFormat ?? DefaultFormat, settings.OmitEmptyValues, out text, out string problem))
        {
            problems.Add(new ConfigProblem(path + ".text_format", problem));
        }

        int before = problems.Count;
        LogFilter? filter = settings.Filter is null
            ? null
            : LogFilter.Compile(settings.Filter, path + ".filter", problems, fields);
        return (text is null && json is null) || problems.Count > before
            ? null
            : new AccessLog(text, json, filter, sinks.Open(settings));
    }

    /// <summary>Writes a line when the filter takes the exchange.</summary>
    public void Write(ExchangeRecord record, int reactor)
    {
        if (_filter is not null && !_filter.Takes(record))
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
            if (writer.Overflowed)
            {
                // Half an object would make the whole file unreadable to a parser.
                _sink.Drop(reactor);
                return;
            }
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
}
