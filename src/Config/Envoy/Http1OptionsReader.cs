using FastMesh.Config.Trees;

namespace FastMesh.Config.Envoy;

/// <summary>The part of envoy.config.core.v3.Http1ProtocolOptions that holds for either side.</summary>
internal static class Http1OptionsReader
{
    private const string FormatType = "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat";
    private const string PreserveCase =
        "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig";

    /// <summary>Takes the fields; those for which there is one behaviour are noted.</summary>
    /// <returns>Whether field names get a capital at the begin of each word.</returns>
    public static bool ReadShared(Message options)
    {
        bool properCase = false;
        if (options.Sub("header_key_format", FormatType) is { } format)
        {
            switch (format.OneOf(required: true, "proper_case_words", "stateful_formatter"))
            {
                case ("proper_case_words", var words):
                    words.AsMessage(FormatType + ".ProperCaseWords").End();
                    properCase = true;
                    break;
                case (_, var formatter):
                    ReadFormatter(formatter);
                    break;
            }

            format.End();
        }

        options.Ignore("allow_custom_methods", "any method that is a token passes");
        return properCase;
    }

    // The case of field names is always kept, which is what preserve_case asks for.
    private static void ReadFormatter(Element element)
    {
        Message holder = element.AsMessage("envoy.config.core.v3.TypedExtensionConfig");
        Message? config = AnyReader.OpenTypedConfig(holder);
        holder.End();
        if (config is null)
        {
            return;
        }

        if (config.TypeName != PreserveCase)
        {
            AnyReader.Refuse(config, "header formatter");
            return;
        }

        config.Ignore("forward_reason_phrase", "the reason phrase of a response is always kept");
        config.Ignore("formatter_type_on_envoy_headers", "fields that are added here are lower case");
        config.End();
        element.Note("changes nothing: the case of field names is always kept");
    }
}
