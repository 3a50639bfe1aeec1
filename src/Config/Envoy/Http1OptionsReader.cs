using FastMesh.Config.Trees;

namespace FastMesh.Config.Envoy;

/// <summary>The part of envoy.config.core.v3.Http1ProtocolOptions that holds for either side.</summary>
internal static class Http1OptionsReader
{
    /// <summary>Takes the fields for which there is one behaviour, and refuses the other.</summary>
    public static void ReadShared(Message options)
    {
        if (options.Sub("header_key_format", "envoy.config.core.v3.Http1ProtocolOptions.HeaderKeyFormat") is { } format)
        {
            // The case of field names is always kept, which is what preserve_case asks for.
            if (format.OneOf(required: true, "stateful_formatter") is { } formatter)
            {
                formatter.Value.Note("changes nothing: the case of field names is always kept");
            }

            format.End();
        }

        options.Ignore("allow_custom_methods", "any method that is a token passes");
    }
}
