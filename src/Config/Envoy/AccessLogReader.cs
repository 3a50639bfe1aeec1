using System.Collections.Generic;
using System.Text;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.accesslog.v3.AccessLog.</summary>
internal static class AccessLogReader
{
    private const string Package = "envoy.config.accesslog.v3.";
    private const string Loggers = "envoy.extensions.access_loggers.";

    /// <summary>Reads an access log; null after an error that leaves no sink.</summary>
    public static AccessLogSettings? Read(Element element)
    {
        Message message = element.AsMessage(Package + "AccessLog");
        Message? config = AnyReader.OpenTypedConfig(message);
        AccessLogFilter? filter = message.Take("filter") is { } criteria ? ReadFilter(criteria) : null;
        message.End();
        if (config is null)
        {
            return null;
        }

        AccessLogSinkKind sink;
        switch (config.TypeName)
        {
            case Loggers + "file.v3.FileAccessLog":
                sink = AccessLogSinkKind.File;
                break;
            case Loggers + "stream.v3.StdoutAccessLog":
                sink = AccessLogSinkKind.StandardOutput;
                break;
            case Loggers + "stream.v3.StderrAccessLog":
                sink = AccessLogSinkKind.StandardError;
                break;
            default:
                AnyReader.Refuse(config, "access log");
                return null;
        }

        return ReadSink(config, sink) with { Filter = filter };
    }

    private static AccessLogSettings ReadSink(Message config, AccessLogSinkKind sink)
    {
        var settings = new AccessLogSettings
        {
            Sink = sink,
            Path = sink == AccessLogSinkKind.File ? config.RequiredText("path") : "",
        };
        string[] forms = sink == AccessLogSinkKind.File
            ? ["log_format", "format", "json_format", "typed_json_format"]
            : ["log_format"];
        settings = config.OneOf(required: false, forms) switch
        {
            ("log_format", var format) => ReadFormat(format, settings),
            ("format", var text) => settings with { TextFormat = text.AsText() },
            (_, var json) => settings with { Json = ReadJson(json) },
            null => settings,
        };
        config.End();
        return settings.Path switch
        {
            "/dev/stdout" => settings with { Sink = AccessLogSinkKind.StandardOutput, Path = "" },
            "/dev/stderr" => settings with { Sink = AccessLogSinkKind.StandardError, Path = "" },
            _ => settings,
        };
    }

    private static AccessLogSettings ReadFormat(Element element, AccessLogSettings settings)
    {
        Message message = element.AsMessage("envoy.config.core.v3.SubstitutionFormatString");
        (string Field, Element Value)? form =
            message.OneOf(required: true, "text_format_source", "text_format", "json_format");
        bool omitEmpty = message.Flag("omit_empty_values");
        message.Ignore("content_type", "a log line has none");
        message.Ignore("json_format_options", "members keep the order of the file");
        message.End();
        settings = settings with { OmitEmptyValues = omitEmpty };
        return form switch
        {
            ("text_format_source", var source) =>
                settings with { TextFormat = Encoding.UTF8.GetString(FieldReader.ReadData(source)) },
            ("text_format", var text) => settings with { TextFormat = text.AsText() },
            (_, var json) => settings with { Json = ReadJson(json) },
            null => settings,
        };
    }

    /// <summary>Reads a Struct of formats.</summary>
    public static ValueList<JsonLogMember> ReadJson(Element element)
    {
        List<JsonLogMember> members = [];
        if (element.Node.Kind != NodeKind.Mapping)
        {
            element.Error($"{element.Quoted()} is not a mapping of names to formats");
        }

        foreach (ConfigMember member in element.Node.Members)
        {
            Element value = element.Member(member);
            members.Add(value.Node.Kind == NodeKind.Mapping
                ? new JsonLogMember(member.Name, null, ReadJson(value))
                : new JsonLogMember(member.Name, value.AsText(), []));
        }

        return ValueList.From(members);
    }

    /// <summary>Reads an AccessLogFilter; null after an error that leaves none.</summary>
    public static AccessLogFilter? ReadFilter(Element element)
    {
        Message message = element.AsMessage(Package + "AccessLogFilter");
        (string Field, Element Value)? kind = message.OneOf(
            required: true,
            "status_code_filter",
            "duration_filter",
            "response_flag_filter",
            "header_filter",
            "and_filter",
            "or_filter");
        message.End();
        if (kind is not { } chosen)
        {
            return null;
        }

        Element value = chosen.Value;
        return chosen.Field switch
        {
            "status_code_filter" => ReadComparison(value, "StatusCodeFilter") is var (status, number)
                ? new StatusCodeLogFilter(status, number)
                : null,
            "duration_filter" => ReadComparison(value, "DurationFilter") is var (duration, ms)
                ? new DurationLogFilter(duration, ms)
                : null,
            "response_flag_filter" => ReadFlags(value),
            "header_filter" => ReadField(value),
            "and_filter" => new AndLogFilter(ReadFilters(value, "AndFilter")),
            _ => new OrLogFilter(ReadFilters(value, "OrFilter")),
        };
    }

    private static FieldLogFilter? ReadField(Element element)
    {
        Message message = element.AsMessage(Package + "HeaderFilter");
        Element? header = message.Take("header");
        message.End();
        if (header is null)
        {
            element.Error("\"header\" is missing");
        }

        return header is null || RouteReader.ReadFieldMatcher(header) is not { } matcher
            ? null
            : new FieldLogFilter(matcher);
    }

    private static ResponseFlagLogFilter ReadFlags(Element element)
    {
        Message message = element.AsMessage(Package + "ResponseFlagFilter");
        var filter = new ResponseFlagLogFilter(message.Texts("flags"));
        message.End();
        return filter;
    }

    private static ValueList<AccessLogFilter> ReadFilters(Element element, string type)
    {
        Message message = element.AsMessage(Package + type);
        ValueList<AccessLogFilter> filters = message.Each("filters", ReadFilter);
        message.End();
        return filters;
    }

    private static (ComparisonOperator Operator, uint Value)? ReadComparison(Element element, string type)
    {
        Message message = element.AsMessage(Package + type);
        Message? comparison = message.Sub("comparison", Package + "ComparisonFilter");
        message.End();
        if (comparison is null)
        {
            element.Error("\"comparison\" is missing");
            return null;
        }

        ComparisonOperator op = comparison.Enum("op", ComparisonOperator.Equal,
        [
            new("EQ", 0, ComparisonOperator.Equal),
            new("GE", 1, ComparisonOperator.GreaterOrEqual),
            new("LE", 2, ComparisonOperator.LessOrEqual),
            new("NE", 3, ComparisonOperator.NotEqual),
        ]);
        Message? value = comparison.Sub("value", "envoy.config.core.v3.RuntimeUInt32");
        comparison.End();
        if (value is null)
        {
            comparison.Element.Error("\"value\" is missing");
            return null;
        }

        uint number = value.Number("default_value", 0);
        value.Ignore("runtime_key", "there is no runtime layer; the default holds");
        value.End();
        return (op, number);
    }
}
