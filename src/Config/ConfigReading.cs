using System.Collections.Immutable;
using FastMesh.Model;

namespace FastMesh.Config;

/// <summary>What came of reading a configuration.</summary>
/// <param name="Config">The configuration, or null when it is refused.</param>
/// <param name="Errors">Everything that refuses it; empty when it is good.</param>
/// <param name="Notes">Warnings, and fields that were read and change nothing.</param>
public sealed record ConfigReading(
    MeshConfig? Config,
    ImmutableArray<ConfigProblem> Errors,
    ImmutableArray<ConfigProblem> Notes);
