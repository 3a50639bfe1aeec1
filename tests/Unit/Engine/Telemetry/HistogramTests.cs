using System;
using FastMesh.Engine.Telemetry;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class HistogramTests
{
    [Fact]
    public void Quantile_NoValues_IsNaN() => Assert.Equal(double.NaN, new Histogram().Quantile(0.5));

    [Fact]
    public void Quantile_KnownValues_IsWithinAnEighth()
    {
        Histogram histogram = new();
        Random random = new(7);
        long[] values = new long[10_000];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (long)Math.Exp(random.NextDouble() * 12);
            histogram.Record(values[i]);
        }

        Array.Sort(values);
        foreach (double quantile in new[] { 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1 })
        {
            long exact = values[Math.Max(0, (int)Math.Ceiling(quantile * values.Length) - 1)];
            Assert.InRange(histogram.Quantile(quantile), exact, exact * 1.126);
        }
    }

    [Fact]
    public void Quantile_Zero_IsTheSmallestNotBelow()
    {
        Histogram histogram = new();
        histogram.Record(5);
        histogram.Record(9);
        Assert.Equal(5, histogram.Quantile(0));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 0)]
    [InlineData(7, 7)]
    [InlineData(15, 15)]
    public void Record_SmallValues_AreExact(long value, double seen)
    {
        Histogram histogram = new();
        histogram.Record(value);
        Assert.Equal(seen, histogram.Quantile(1));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(1L << 40)]
    [InlineData((1L << 40) - 1)]
    public void Record_HugeValues_AreKept(long value)
    {
        Histogram histogram = new();
        histogram.Record(value);
        Assert.Equal(1, histogram.CountUpTo(double.MaxValue));
        Assert.Equal(0, histogram.CountUpTo(3600000));
    }

    [Fact]
    public void AddTo_TwoReactors_SumsCountsAndValues()
    {
        Histogram one = new();
        Histogram two = new();
        Histogram sum = new();
        one.Record(10);
        two.Record(20);
        two.Record(300);
        one.AddTo(sum);
        two.AddTo(sum);
        new Histogram().AddTo(sum);
        Assert.Equal(3, sum.Count);
        Assert.Equal(330, sum.Sum);
        Assert.Equal(2, sum.CountUpTo(25));
    }
}
