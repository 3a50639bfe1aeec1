using System;
using System.Numerics;

namespace FastMesh.Engine.Telemetry;

/// <summary>
/// Counts of values in log-linear buckets: eight per power of two, so that a value is known to 12.5 %. One per reactor
/// and subject; recording is one increment.
/// </summary>
internal sealed class Histogram
{
    private const int SubBits = 3;
    private const int Subs = 1 << SubBits;
    private const int BucketCount = (40 - SubBits + 1) * Subs;

    // Made by the first value: a cluster that is only configured costs no buckets.
    private long[] _counts = [];

    public long Count { get; private set; }

    public long Sum { get; private set; }

    /// <summary>Records a value; negative counts as 0, more than 2^40 as the largest bucket.</summary>
    public void Record(long value)
    {
        value = Math.Max(value, 0);
        int index = Index(value);
        if (_counts.Length == 0)
        {
            _counts = new long[BucketCount];
        }

        Count++;
        Sum += value;
        _counts[index]++;
    }

    /// <summary>Adds what is here, possibly while it grows: the other's count is that of its buckets.</summary>
    public void AddTo(Histogram other)
    {
        long[] counts = _counts;
        if (counts.Length == 0)
        {
            return;
        }

        if (other._counts.Length == 0)
        {
            other._counts = new long[BucketCount];
        }

        for (int i = 0; i < BucketCount; i++)
        {
            long count = counts[i];
            other._counts[i] += count;
            other.Count += count;
        }

        other.Sum += Sum;
    }

    /// <summary>The value under which the share <paramref name="quantile"/> (0 to 1) of values lies.</summary>
    public double Quantile(double quantile)
    {
        if (Count == 0)
        {
            return double.NaN;
        }

        double wanted = Math.Max(1, quantile * Count);
        long seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] != 0)
            {
                seen += _counts[i];
                if (seen >= wanted)
                {
                    return UpperBound(i);
                }
            }
        }

        return UpperBound(BucketCount - 1);
    }

    /// <summary>Values at or below <paramref name="bound"/>.</summary>
    public long CountUpTo(double bound)
    {
        long count = 0;
        for (int i = 0; i < _counts.Length && UpperBound(i) <= bound; i++)
        {
            count += _counts[i];
        }

        return count;
    }

    private static int Index(long value)
    {
        if (value < Subs)
        {
            return (int)value;
        }

        int exponent = 63 - BitOperations.LeadingZeroCount((ulong)value);
        int sub = (int)(value >> (exponent - SubBits)) & (Subs - 1);
        return Math.Min((exponent - SubBits + 1) * Subs + sub, BucketCount - 1);
    }

    private static double UpperBound(int index)
    {
        if (index < Subs)
        {
            return index;
        }

        int exponent = (index / Subs) + SubBits - 1;
        return ((long)(Subs + (index % Subs) + 1) << (exponent - SubBits)) - 1;
    }
}
