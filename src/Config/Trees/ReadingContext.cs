using System.Collections.Generic;
using FastMesh.Model;

namespace FastMesh.Config.Trees;

/// <summary>What one reading of one file gathers: problems, notes and where each part of the model came from.</summary>
internal sealed class ReadingContext(string file)
{
    private readonly List<ConfigProblem> _errors = [];
    private readonly List<ConfigProblem> _notes = [];
    private readonly Dictionary<object, Element> _origins = new(ReferenceEqualityComparer.Instance);

    /// <summary>The file, as the operator named it.</summary>
    public string File { get; } = file;

    /// <summary>True once the configuration is refused.</summary>
    public bool HasErrors => _errors.Count > 0;

    /// <summary>What refuses the configuration, in the order found.</summary>
    public IReadOnlyList<ConfigProblem> Errors => _errors;

    /// <summary>What does not.</summary>
    public IReadOnlyList<ConfigProblem> Notes => _notes;

    /// <summary>Adds a problem, with its place.</summary>
    public void Report(ConfigSeverity severity, string path, string text, int line, int column)
    {
        List<ConfigProblem> list = severity == ConfigSeverity.Error ? _errors : _notes;
        list.Add(new ConfigProblem(path, text, severity) { File = File, Line = line, Column = column });
    }

    /// <summary>Adds a problem that has its place already.</summary>
    public void Report(ConfigProblem problem)
    {
        List<ConfigProblem> list = problem.Severity == ConfigSeverity.Error ? _errors : _notes;
        list.Add(problem with { File = File });
    }

    /// <summary>Remembers where a part of the model was written, for problems found later.</summary>
    public T Remember<T>(T part, Element origin)
        where T : class
    {
        _origins[part] = origin;
        return part;
    }

    /// <summary>Remembers a changed copy of a part as written where the part was.</summary>
    public T Move<T>(T part, T copy)
        where T : class => _origins.TryGetValue(part, out Element? origin) ? Remember(copy, origin) : copy;

    /// <summary>Where a part of the model was written, or null.</summary>
    /// <param name="part">The part.</param>
    /// <param name="field">The field meant within it, or empty.</param>
    public ConfigPlace? PlaceOf(object part, string field) =>
        _origins.TryGetValue(part, out Element? origin) ? origin.PlaceOf(field) : null;
}
