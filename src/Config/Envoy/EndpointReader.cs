using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.endpoint.v3.ClusterLoadAssignment.</summary>
internal static class EndpointReader
{
    private const string Package = "envoy.config.endpoint.v3.";
    private const uint PriorityMax = 128;

    /// <summary>Reads the endpoints of all localities; those of unlike priorities keep theirs.</summary>
    /// <remarks>Whether host names may stand where addresses do is for the validator, which knows the type.</remarks>
    public static ValueList<Endpoint> Read(Element element)
    {
        Message message = element.AsMessage(Package + "ClusterLoadAssignment");
        message.Text("cluster_name");
        List<Endpoint> endpoints = [];
        foreach (Element locality in message.Repeated("endpoints"))
        {
            ReadLocality(locality, endpoints);
        }

        message.End();
        return ValueList.From(endpoints);
    }

    private static void ReadLocality(Element element, List<Endpoint> endpoints)
    {
        Message message = element.AsMessage(Package + "LocalityLbEndpoints");
        uint priority = message.Number("priority", 0, max: PriorityMax);
        Locality locality = ReadPlace(message);
        foreach (Element endpoint in message.Repeated("lb_endpoints"))
        {
            if (ReadEndpoint(endpoint, priority, locality) is { } read)
            {
                endpoints.Add(read);
            }
        }

        message.Ignore("proximity", "it takes no part in the choice of a locality");
        message.Ignore("metadata", "nothing here reads metadata of a locality");
        message.End();
    }

    private static Locality ReadPlace(Message message)
    {
        uint weight = message.Number("load_balancing_weight", 0);
        if (message.Sub("locality", "envoy.config.core.v3.Locality") is not { } place)
        {
            return weight == 0 ? Locality.None : Locality.None with { Weight = weight };
        }

        var locality = new Locality(place.Text("region"), place.Text("zone"), place.Text("sub_zone"), weight);
        place.End();
        return locality;
    }

    private static Endpoint? ReadEndpoint(Element element, uint priority, Locality locality)
    {
        Message message = element.AsMessage(Package + "LbEndpoint");
        Message? target = message.Sub("endpoint", Package + "Endpoint");
        HealthStatus health = message.Enum("health_status", HealthStatus.Unknown,
        [
            new("UNKNOWN", 0, HealthStatus.Unknown),
            new("HEALTHY", 1, HealthStatus.Healthy),
            new("UNHEALTHY", 2, HealthStatus.Unhealthy),
            new("DRAINING", 3, HealthStatus.Draining),
            new("TIMEOUT", 4, HealthStatus.Timeout),
            new("DEGRADED", 5, HealthStatus.Degraded),
        ]);
        uint weight = message.Number("load_balancing_weight", 1, min: 1);
        message.Ignore("metadata", "nothing here reads metadata of an endpoint");
        message.End();
        if (target is null)
        {
            element.Error("\"endpoint\" is missing");
            return null;
        }

        Element? address = target.Take("address");
        string hostName = target.Text("hostname");
        target.Ignore("health_check_config", "there are no active health checks");
        target.End();
        if (address is null)
        {
            target.Element.Error("\"address\" is missing");
            return null;
        }

        SocketTarget place = AddressReader.Read(address, allowNames: true);
        return element.Context.Remember(
            new Endpoint(place, weight, health, priority) { HostName = hostName, Locality = locality }, element);
    }
}
