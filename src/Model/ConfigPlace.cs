namespace FastMesh.Model;

/// <summary>Where a part of a configuration was written.</summary>
/// <param name="Path">The element, as <c>static_resources.clusters[2].name</c>.</param>
/// <param name="Line">Line, from 1; 0 where not known.</param>
/// <param name="Column">Column, from 1; 0 where not known.</param>
public sealed record ConfigPlace(string Path, int Line, int Column);
