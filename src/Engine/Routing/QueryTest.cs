using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Model;

namespace FastMesh.Engine.Routing;

/// <summary>
/// A compiled <see cref="QueryParameterMatcher"/>: <c>name=value</c> pairs between ampersands, compared as sent;
/// the first of a name counts, and a name without <c>=</c> has an empty value.
/// </summary>
internal sealed class QueryTest
{
    private readonly byte[] _name;
    private readonly TextTest? _value;
    private readonly bool _present;

    private QueryTest(byte[] name, TextTest? value, bool present)
    {
        _name = name;
        _value = value;
        _present = present;
    }

    /// <summary>Compiles one test.</summary>
    /// <param name="model">What to test.</param>
    /// <param name="path">Where it stands in the configuration.</param>
    /// <param name="problems">Takes what is wrong with it.</param>
    public static QueryTest Compile(QueryParameterMatcher model, string path, List<ConfigProblem> problems)
    {
        if (model.Name.Length == 0)
        {
            problems.Add(new ConfigProblem(path + ".name", "is empty"));
        }

        TextTest? value = model.Value is null ? null : TextTest.Compile(model.Value, path, problems);
        return new QueryTest(Encoding.UTF8.GetBytes(model.Name), value, model.Present);
    }

    /// <summary>Whether the query passes.</summary>
    /// <param name="query">Without the question mark.</param>
    public bool IsMatch(ReadOnlySpan<byte> query)
    {
        bool present = TryFind(query, _name, out ReadOnlySpan<byte> value);
        return _value is null ? present == _present : present && _value.IsMatch(value);
    }

    private static bool TryFind(ReadOnlySpan<byte> query, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        while (!query.IsEmpty)
        {
            int end = query.IndexOf((byte)'&');
            ReadOnlySpan<byte> pair = end < 0 ? query : query[..end];
            query = end < 0 ? default : query[(end + 1)..];
            int equals = pair.IndexOf((byte)'=');
            ReadOnlySpan<byte> own = equals < 0 ? pair : pair[..equals];
            if (own.SequenceEqual(name))
            {
                value = equals < 0 ? default : pair[(equals + 1)..];
                return true;
            }
        }

        value = default;
        return false;
    }
}
