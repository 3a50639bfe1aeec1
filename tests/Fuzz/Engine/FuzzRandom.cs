namespace FastMesh.Tests.Fuzz.Engine;

/// <summary>SplitMix64: the same numbers for the same seed on every machine and runtime.</summary>
internal struct FuzzRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="end"/> - 1; 0 when the end is not positive.</summary>
    public int Below(int end) => end <= 0 ? 0 : (int)(Next() % (ulong)end);
}
