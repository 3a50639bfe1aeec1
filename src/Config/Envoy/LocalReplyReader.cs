using System.Text;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads LocalReplyConfig of a connection manager.</summary>
internal static class LocalReplyReader
{
    private const string Package = "envoy.extensions.filters.network.http_connection_manager.v3.";

    /// <summary>Reads the settings.</summary>
    public static LocalReplySettings Read(Element element)
    {
        Message message = element.AsMessage(Package + "LocalReplyConfig");
        var settings = new LocalReplySettings
        {
            Mappers = message.Each("mappers", ReadMapper),
            BodyFormat = message.Take("body_format") is { } format ? ReadFormat(format) : null,
        };
        message.End();
        return settings;
    }

    private static LocalReplyMapper? ReadMapper(Element element)
    {
        Message message = element.AsMessage(Package + "ResponseMapper");
        Element? filter = message.Take("filter");
        AccessLogFilter? condition = filter is null ? null : AccessLogReader.ReadFilter(filter);
        uint? status = (uint?)message.Take("status_code")?.AsInteger(200, 599, 200);
        byte[]? body = message.Take("body") is { } data ? FieldReader.ReadData(data) : null;
        LocalReplyFormat? form = message.Take("body_format_override") is { } format ? ReadFormat(format) : null;
        FieldMutation fields = FieldReader.ReadAdditions(message, "headers_to_add");
        message.End();
        if (filter is null)
        {
            element.Error("\"filter\" is missing");
        }

        return condition is null ? null : new LocalReplyMapper
        {
            Filter = condition,
            StatusCode = status,
            Body = body is null ? null : ValueList.From(body),
            BodyFormat = form,
            Fields = fields,
        };
    }

    private static LocalReplyFormat ReadFormat(Element element)
    {
        Message message = element.AsMessage("envoy.config.core.v3.SubstitutionFormatString");
        (string Field, Element Value)? form =
            message.OneOf(required: true, "text_format_source", "text_format", "json_format");
        var format = new LocalReplyFormat
        {
            OmitEmptyValues = message.Flag("omit_empty_values"),
            ContentType = message.Text("content_type"),
        };
        message.Ignore("json_format_options", "members keep the order of the file");
        message.End();
        return form switch
        {
            ("text_format_source", var source) =>
                format with { Text = Encoding.UTF8.GetString(FieldReader.ReadData(source)) },
            ("text_format", var text) => format with { Text = text.AsText() },
            (_, var json) => format with { Json = AccessLogReader.ReadJson(json) },
            null => format with { Text = "" },
        };
    }
}
