using System.Collections.Generic;
using System.Text.RegularExpressions;

namespace FastMesh.Engine.Telemetry;

/// <summary>Sums the blocks of a subject: every block names its values in the same order.</summary>
internal sealed class StatCollector : IStatVisitor
{
    private readonly List<StatSample> _samples = [];
    private StatScope _scope;
    private string _subject = "";
    private int _at;

    public void Add(StatScope scope, string subject, StatBlock[] blocks)
    {
        _scope = scope;
        _subject = subject;
        int first = _samples.Count;
        foreach (StatBlock block in blocks)
        {
            _at = first;
            block.Visit(this);
        }
    }

    public void Add(string name, StatKind kind, long value) =>
        _samples.Add(new StatSample(StatScope.Process, "", name, kind, value, null));

    public List<StatSample> Sorted(Regex? filter, bool usedOnly)
    {
        var named = new List<(string Name, StatSample Sample)>(_samples.Count);
        foreach (StatSample sample in _samples)
        {
            string name = sample.FullName;
            if ((!usedOnly || sample.IsUsed) && (filter is null || filter.IsMatch(name)))
            {
                named.Add((name, sample));
            }
        }

        named.Sort(static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return named.ConvertAll(static pair => pair.Sample);
    }

    void IStatVisitor.Counter(string name, long value) => Sum(name, StatKind.Counter, value);

    void IStatVisitor.Gauge(string name, long value) => Sum(name, StatKind.Gauge, value);

    void IStatVisitor.Distribution(string name, Histogram values)
    {
        if (_at == _samples.Count)
        {
            _samples.Add(new StatSample(_scope, _subject, name, StatKind.Distribution, 0, new Histogram()));
        }

        values.AddTo(_samples[_at++].Values!);
    }

    private void Sum(string name, StatKind kind, long value)
    {
        if (_at == _samples.Count)
        {
            _samples.Add(new StatSample(_scope, _subject, name, kind, value, null));
        }
        else
        {
            StatSample before = _samples[_at];
            _samples[_at] = before with { Value = before.Value + value };
        }

        _at++;
    }
}
