using System;

namespace FastMesh.Bench.Load.Generating;

/// <summary>What asks a proxy.</summary>
internal abstract class Generator : IDisposable
{
    /// <summary>Asks for the time given.</summary>
    /// <param name="rate">Requests per second, or 0 for as many as it can.</param>
    /// <param name="warmUp">Time before <paramref name="begin"/>.</param>
    /// <param name="duration">Time between the two marks.</param>
    /// <param name="begin">Called when counting begins.</param>
    /// <param name="end">Called when it ends.</param>
    public abstract LoadResult Run(double rate, TimeSpan warmUp, TimeSpan duration, Action begin, Action end);

    public abstract void Dispose();
}
