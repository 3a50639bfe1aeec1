using System;
using System.Collections.Generic;

namespace FastMesh.Tests.Fuzz.Engine;

/// <summary>Something that is given bytes and must keep its promises whatever they are.</summary>
internal abstract class FuzzTarget
{
    /// <summary>The name on the command line and of the corpus folder.</summary>
    public abstract string Name { get; }

    /// <summary>Inputs to start from, besides the corpus folder.</summary>
    public abstract IEnumerable<byte[]> Seeds { get; }

    /// <summary>Words that are inserted whole.</summary>
    public virtual IReadOnlyList<byte[]> Dictionary => Words.Http;

    /// <summary>True for the target that proves that failures are found: it must fail.</summary>
    public virtual bool MustFail => false;

    /// <summary>
    /// Runs one input; throws when a promise is broken. Returns a signature of what happened: inputs with a new one
    /// are kept as seeds for further mutation.
    /// </summary>
    public abstract int Run(byte[] input);

    /// <summary>Throws unless both renderings are equal.</summary>
    protected static void Same(string what, string expected, string actual)
    {
        if (!string.Equals(expected, actual, StringComparison.Ordinal))
        {
            throw new FuzzFailureException($"{what}:\n--- one\n{expected}\n--- other\n{actual}");
        }
    }

    /// <summary>Throws unless the promise holds.</summary>
    protected static void Holds(bool condition, string promise)
    {
        if (!condition)
        {
            throw new FuzzFailureException(promise);
        }
    }
}

/// <summary>A broken promise; any other exception is one too.</summary>
internal sealed class FuzzFailureException(string message) : Exception(message);
