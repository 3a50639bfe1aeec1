using System;
using System.Collections.Generic;

namespace FastMesh.Model;

/// <summary>Gathers what a validation finds, each with the place where its subject was written.</summary>
internal sealed class ValidationReport(Func<object, string, ConfigPlace?>? placeOf)
{
    private readonly List<ConfigProblem> _problems = [];

    /// <summary>What was found.</summary>
    public IReadOnlyList<ConfigProblem> Problems => _problems;

    /// <summary>Reports what refuses the configuration.</summary>
    /// <param name="part">The part of the model.</param>
    /// <param name="path">Its path from the configuration, used where its place is not known.</param>
    /// <param name="field">The field meant, or empty.</param>
    /// <param name="text">What is wrong.</param>
    public void Error(object part, string path, string field, string text) =>
        Add(ConfigSeverity.Error, part, path, field, text);

    /// <summary>Reports what is doubtful.</summary>
    public void Warn(object part, string path, string field, string text) =>
        Add(ConfigSeverity.Warning, part, path, field, text);

    private void Add(ConfigSeverity severity, object part, string path, string field, string text)
    {
        ConfigPlace place = placeOf?.Invoke(part, field)
            ?? new ConfigPlace(field.Length == 0 ? path : path + "." + field, 0, 0);
        _problems.Add(new ConfigProblem(place.Path, text, severity) { Line = place.Line, Column = place.Column });
    }
}
