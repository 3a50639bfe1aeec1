using System.Globalization;

namespace FastMesh.Model;

/// <summary>How much a <see cref="ConfigProblem"/> matters.</summary>
public enum ConfigSeverity
{
    /// <summary>The configuration is refused, and the last good one stays.</summary>
    Error,

    /// <summary>The configuration is taken; what is said is probably not what was meant.</summary>
    Warning,

    /// <summary>The configuration is taken; what is said changes nothing here.</summary>
    Note,
}

/// <summary>Something wrong or doubtful in a configuration.</summary>
/// <param name="Path">The element, as <c>virtual_hosts[2].routes[0].match.safe_regex</c>.</param>
/// <param name="Text">What is wrong with it: lower case, no full stop, expected against got.</param>
/// <param name="Severity">Whether the configuration is refused.</param>
public sealed record ConfigProblem(string Path, string Text, ConfigSeverity Severity = ConfigSeverity.Error)
{
    /// <summary>File the element was read from, or null where not known.</summary>
    public string? File { get; init; }

    /// <summary>Line in <see cref="File"/>, from 1; 0 where not known.</summary>
    public int Line { get; init; }

    /// <summary>Column in <see cref="File"/>, from 1; 0 where not known.</summary>
    public int Column { get; init; }

    /// <summary>As an operator reads it: <c>mesh.yaml:14:7 routes[2].timeout: text</c>.</summary>
    /// <returns>One line of text.</returns>
    public override string ToString()
    {
        string place = File is null
            ? ""
            : Line == 0
                ? File + " "
                : string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column} ");
        string severity = Severity switch
        {
            ConfigSeverity.Warning => "warning: ",
            ConfigSeverity.Note => "note: ",
            _ => "",
        };
        return place + severity + (Path.Length == 0 ? Text : Path + ": " + Text);
    }
}
