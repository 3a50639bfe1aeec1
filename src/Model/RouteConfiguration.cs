using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>A routing table (envoy.config.route.v3.RouteConfiguration).</summary>
public sealed record RouteConfiguration
{
    /// <summary>Default of <see cref="MaxDirectResponseBodyBytes"/>.</summary>
    public const int DefaultMaxDirectResponseBodyBytes = 4096;

    /// <summary>Name of the table; may be empty for an inline one.</summary>
    public string Name { get; init; } = "";

    /// <summary>Virtual hosts; a domain may occur once in all of them.</summary>
    public IReadOnlyList<VirtualHost> VirtualHosts { get; init; } = [];

    /// <summary>Changes to every request.</summary>
    public FieldMutation RequestFields { get; init; } = FieldMutation.None;

    /// <summary>Changes to every response.</summary>
    public FieldMutation ResponseFields { get; init; } = FieldMutation.None;

    /// <summary>
    /// False: route, then virtual host, then table, so that the table has the last word. True: the reverse.
    /// </summary>
    public bool MostSpecificMutationsWin { get; init; }

    /// <summary>Fields removed from requests that come from outside.</summary>
    public IReadOnlyList<string> InternalOnlyFields { get; init; } = [];

    /// <summary>A cluster that does not exist is a config error rather than a reply at run time.</summary>
    public bool ValidateClusters { get; init; }

    /// <summary>The port in the authority is ignored when a virtual host is looked for.</summary>
    public bool IgnorePortInHostMatching { get; init; }

    /// <summary>Path parameters (from <c>;</c> on) are ignored when a path is matched.</summary>
    public bool IgnorePathParameters { get; init; }

    /// <summary>Longest body a <see cref="DirectResponseAction"/> may carry, in bytes.</summary>
    public int MaxDirectResponseBodyBytes { get; init; } = DefaultMaxDirectResponseBodyBytes;
}
