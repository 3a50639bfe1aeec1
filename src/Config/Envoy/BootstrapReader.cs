using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.bootstrap.v3.Bootstrap.</summary>
internal static class BootstrapReader
{
    private const string Package = "envoy.config.bootstrap.v3.";

    /// <summary>Reads the whole file.</summary>
    public static MeshConfig Read(Element element)
    {
        Message message = element.AsMessage(Package + "Bootstrap");
        MeshConfig config = MeshConfig.Empty;
        if (message.Sub("static_resources", Package + "Bootstrap.StaticResources") is { } resources)
        {
            config = config with
            {
                Listeners = resources.Each("listeners", ListenerReader.Read),
                Clusters = resources.Each("clusters", ClusterReader.Read),
            };
            resources.End();
        }

        config = config with { Node = ReadNode(message), Admin = ReadAdmin(message) };
        if (message.Take("dynamic_resources") is { } dynamic)
        {
            dynamic.Error("is not supported: xDS arrives with the xDS loader; use static_resources");
        }

        config = config with { Listeners = RuntimeReader.Apply(message.Take("layered_runtime"), config.Listeners) };
        message.Ignore("stats_flush_interval", "statistics are summed when they are asked for");
        message.Ignore("stats_config", "statistics keep their own names and tags");
        message.Ignore("cluster_manager", "endpoints are not told apart by locality");
        message.End();
        return config;
    }

    private static NodeIdentity ReadNode(Message bootstrap)
    {
        if (bootstrap.Sub("node", "envoy.config.core.v3.Node") is not { } node)
        {
            return new NodeIdentity("", "");
        }

        var identity = new NodeIdentity(node.Text("id"), node.Text("cluster"));
        node.Ignore("metadata", "no control plane is asked");
        node.Ignore("locality", "endpoints are not told apart by locality");
        node.Ignore("user_agent_name", "no control plane is asked");
        node.End();
        return identity;
    }

    private static SocketTarget? ReadAdmin(Message bootstrap)
    {
        if (bootstrap.Sub("admin", Package + "Admin") is not { } admin)
        {
            return null;
        }

        SocketTarget? target = admin.Take("address") is { } address
            ? AddressReader.Read(address, allowNames: false)
            : null;
        admin.Ignore("access_log", "requests to the admin interface are not logged");
        admin.Ignore("profile_path", "there is no CPU profiler");
        admin.Ignore("access_log_path", "requests to the admin interface are not logged");
        admin.End();
        return target;
    }
}
