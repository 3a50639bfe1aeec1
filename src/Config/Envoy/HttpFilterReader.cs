using System.Collections.Generic;
using FastMesh.Config.Trees;

namespace FastMesh.Config.Envoy;

/// <summary>Reads the HTTP filters of a connection manager; so far the router alone does something.</summary>
internal static class HttpFilterReader
{
    private const string Filters = "envoy.extensions.filters.http.";

    /// <summary>Takes <c>http_filters</c> of a connection manager.</summary>
    /// <returns>The router's <c>suppress_envoy_headers</c>.</returns>
    public static bool ReadAll(Message manager)
    {
        bool suppressEnvoyHeaders = false;
        List<Element> elements = manager.Repeated("http_filters");
        bool hasRouter = false;
        foreach (Element element in elements)
        {
            if (hasRouter)
            {
                element.Error("stands after the router, which ends the chain");
            }

            hasRouter |= Read(element, ref suppressEnvoyHeaders);
        }

        if (!hasRouter)
        {
            manager.Element.Error("\"http_filters\" must end with envoy.filters.http.router");
        }

        return suppressEnvoyHeaders;
    }

    private static bool Read(Element element, ref bool suppressEnvoyHeaders)
    {
        Message message = element.AsMessage(
            "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter");
        bool optional = message.Flag("is_optional");
        bool disabled = message.Flag("disabled");
        Message? config = AnyReader.OpenTypedConfig(message);
        message.End();
        if (config is null)
        {
            // Reported already; the router may have been meant.
            return message.Text("name") == "envoy.filters.http.router";
        }

        switch (config.TypeName)
        {
            case Filters + "router.v3.Router":
                suppressEnvoyHeaders = ReadRouter(config);
                return true;
            case Filters + "fault.v3.HTTPFault" or Filters + "cors.v3.Cors"
                when config.Element.Node.Members.Count <= 1:
                element.Note("changes nothing: it acts by per-route configuration only, and there is none");
                return false;
            default:
                if (disabled || optional)
                {
                    element.Note($"changes nothing: HTTP filter {config.TypeName} is not supported, and "
                        + (disabled ? "disabled" : "optional"));
                }
                else
                {
                    AnyReader.Refuse(config, "HTTP filter");
                }

                return false;
        }
    }

    private static bool ReadRouter(Message config)
    {
        config.Ignore("dynamic_stats", "statistics are always kept");
        config.Ignore("start_child_span", "there is no tracing");
        bool suppressEnvoyHeaders = config.Flag("suppress_envoy_headers");
        config.End();
        return suppressEnvoyHeaders;
    }
}
