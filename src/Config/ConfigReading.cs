using System;
using System.Collections.Generic;
using FastMesh.Model;

namespace FastMesh.Config;

/// <summary>What came of reading a configuration.</summary>
/// <param name="Config">The configuration, or null when it is refused.</param>
/// <param name="Errors">Everything that refuses it; empty when it is good.</param>
/// <param name="Notes">Warnings, and fields that were read and change nothing.</param>
public sealed record ConfigReading(
    MeshConfig? Config,
    IReadOnlyList<ConfigProblem> Errors,
    IReadOnlyList<ConfigProblem> Notes)
{
    /// <summary>Name of what was read, for messages.</summary>
    public string Path { get; init; } = "";

    /// <summary>What was read, for <see cref="EnvoyConfigDump"/>.</summary>
    public ReadOnlyMemory<byte> Content { get; init; }
}
