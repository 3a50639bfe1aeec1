using System;
using System.Collections.Generic;
using System.Linq;

namespace FastMesh.Bench.Load.Measuring;

/// <summary>Median, least and greatest of what the rounds gave.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
        {
            return new Spread(double.NaN, double.NaN, double.NaN);
        }

        int middle = sorted.Length / 2;
        double median = sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        return new Spread(median, sorted[0], sorted[^1]);
    }
}

/// <summary>The rounds of one contender.</summary>
internal sealed class Series(string name)
{
    public string Name { get; } = name;

    /// <summary>One sample for each round kept, in order.</summary>
    public List<Sample> Samples { get; } = [];

    public Spread Of(Func<Sample, double> figure) => Spread.Of(Samples.Select(figure));

    public long Failures => Samples.Sum(sample => sample.Failures);

    /// <summary>Ratios to another contender's samples of the same round.</summary>
    public Spread RatioTo(Series other, Func<Sample, double> figure) =>
        Spread.Of(Samples.Zip(other.Samples, (mine, theirs) => figure(mine) / figure(theirs)));

    /// <summary>Differences to another contender's samples of the same round.</summary>
    public Spread DifferenceTo(Series other, Func<Sample, double> figure) =>
        Spread.Of(Samples.Zip(other.Samples, (mine, theirs) => figure(mine) - figure(theirs)));
}
