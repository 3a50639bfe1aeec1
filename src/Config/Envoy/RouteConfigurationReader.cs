using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.route.v3.RouteConfiguration and VirtualHost.</summary>
internal static class RouteConfigurationReader
{
    private const string Package = "envoy.config.route.v3.";

    /// <summary>Reads a routing table that stands in the file itself.</summary>
    public static RouteConfiguration Read(Element element)
    {
        Message message = element.AsMessage(Package + "RouteConfiguration");
        var routes = new RouteConfiguration
        {
            Name = message.Text("name"),
            VirtualHosts = message.Each("virtual_hosts", ReadVirtualHost),
            RequestFields = FieldReader.ReadMutation(message, "request"),
            ResponseFields = FieldReader.ReadMutation(message, "response"),
            MostSpecificMutationsWin = message.Flag("most_specific_header_mutations_wins"),
            InternalOnlyFields = FieldReader.ReadNames(message.Repeated("internal_only_headers")),
            ValidateClusters = message.Flag("validate_clusters", true),
            IgnorePortInHostMatching = message.Flag("ignore_port_in_host_matching"),
            IgnorePathParameters = message.Flag("ignore_path_parameters_in_path_matching"),
            MaxDirectResponseBodyBytes = message.Count(
                "max_direct_response_body_size_bytes", RouteConfiguration.DefaultMaxDirectResponseBodyBytes),
        };
        message.Ignore("metadata", "nothing here reads metadata of a routing table");
        message.End();
        return element.Context.Remember(routes, element);
    }

    private static VirtualHost ReadVirtualHost(Element element)
    {
        Message message = element.AsMessage(Package + "VirtualHost");
        var host = new VirtualHost
        {
            Name = message.RequiredText("name"),
            Domains = message.Texts("domains"),
            Routes = message.Each("routes", RouteReader.Read),
            RequireTls = message.Enum("require_tls", TlsRequirement.None,
            [
                new("NONE", 0, TlsRequirement.None),
                new("EXTERNAL_ONLY", 1, TlsRequirement.ExternalOnly),
                new("ALL", 2, TlsRequirement.All),
            ]),
            RequestFields = FieldReader.ReadMutation(message, "request"),
            ResponseFields = FieldReader.ReadMutation(message, "response"),
            Retry = message.Take("retry_policy") is { } retry ? RetryPolicyReader.Read(retry) : null,
            RequestBufferLimitBytes = (uint?)message.Take("per_request_buffer_limit_bytes")?.AsInteger(
                0, uint.MaxValue),
            IncludeRequestAttemptCount = message.Flag("include_request_attempt_count"),
            IncludeAttemptCountInResponse = message.Flag("include_attempt_count_in_response"),
        };
        message.Ignore("metadata", "nothing here reads metadata of a virtual host");
        message.End();
        return element.Context.Remember(host, element);
    }
}
