using System;
using System.Collections.Generic;

namespace FastMesh.Proxy.Admin;

/// <summary>The parameters behind the question mark, decoded; the first of a name counts.</summary>
internal sealed class AdminQuery
{
    private readonly Dictionary<string, string> _values = [];

    public AdminQuery(string text)
    {
        foreach (string part in text.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = part.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? part : part[..equals];
            string value = equals < 0 ? string.Empty : part[(equals + 1)..];
            _values.TryAdd(Decode(name), Decode(value));
        }
    }

    /// <summary>The value, or null when the parameter is not there.</summary>
    public string? this[string name] => _values.GetValueOrDefault(name);

    public bool Has(string name) => _values.ContainsKey(name);

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}
