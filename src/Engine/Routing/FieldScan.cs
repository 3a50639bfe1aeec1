using System;
using System.Collections.Generic;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>The field names that the tests of a table ask for, each with a small number.</summary>
internal sealed class FieldNames
{
    private readonly Dictionary<string, int> _numbers = [];
    private readonly List<byte[]> _names = [];
    private SpanTable? _table;
    private ulong _lengths;

    /// <summary>How many names there are.</summary>
    public int Count => _names.Count;

    /// <summary>The number of a name, given on first use; only while the table is compiled.</summary>
    public int Number(string name)
    {
        string lower = name.ToLowerInvariant();
        if (!_numbers.TryGetValue(lower, out int number))
        {
            number = _names.Count;
            _numbers.Add(lower, number);
            _names.Add(System.Text.Encoding.UTF8.GetBytes(lower));
            _lengths |= 1UL << (_names[number].Length & 63);
        }

        return number;
    }

    /// <summary>Closes the set.</summary>
    public void Seal() => _table = new SpanTable(_names, fold: true);

    /// <summary>The number of a name, or -1. Most names are turned away by their length.</summary>
    public int Find(ReadOnlySpan<byte> name) =>
        (_lengths & (1UL << (name.Length & 63))) == 0 ? -1 : _table!.Find(name);
}

/// <summary>
/// Where the fields that a table asks for are in one request: found in one pass over the fields, on the first
/// question, and remembered for all other rules of that match.
/// </summary>
internal sealed class FieldScan
{
    private Place[] _places = [];
    private uint _stamp;
    private bool _done;

    /// <summary>Forgets the last request; costs nothing until a field is asked for.</summary>
    public void Begin() => _done = false;

    /// <summary>The first line of a name, or -1.</summary>
    /// <param name="names">All names of the table.</param>
    /// <param name="number">Which one.</param>
    /// <param name="fields">The request's fields; the same since <see cref="Begin"/>.</param>
    /// <param name="repeated">There are more lines of the name.</param>
    public int Find(FieldNames names, int number, HttpFields fields, out bool repeated)
    {
        if (!_done)
        {
            Pass(names, fields);
        }

        ref readonly Place place = ref _places[number];
        repeated = place.Repeated;
        return place.Stamp == _stamp ? place.Line : -1;
    }

    private void Pass(FieldNames names, HttpFields fields)
    {
        _done = true;
        if (_places.Length < names.Count)
        {
            _places = new Place[names.Count];
            _stamp = 0;
        }

        // A new stamp empties all places at once; when it wraps round they are emptied one by one.
        if (++_stamp == 0)
        {
            Array.Clear(_places);
            _stamp = 1;
        }

        for (int line = 0; line < fields.Count; line++)
        {
            int number = names.Find(fields.Name(line));
            if (number < 0)
            {
                continue;
            }

            ref Place place = ref _places[number];
            bool repeated = place.Stamp == _stamp;
            if (!repeated)
            {
                place.Stamp = _stamp;
                place.Line = line;
            }

            place.Repeated = repeated;
        }
    }

    private struct Place
    {
        public uint Stamp;
        public int Line;
        public bool Repeated;
    }
}
