using System;
using System.Runtime.CompilerServices;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>
/// Compiled field changes: levels that are applied one after another, so that the last has the last word. In each
/// level removals come first, then overwrites, then additions; what is written is worked out before anything of the
/// level but the removals is done (Envoy, <c>HeaderParser::evaluateHeaders</c>).
/// </summary>
internal sealed class FieldMutations
{
    private readonly FieldMutationLevel[] _levels;

    /// <summary>Takes levels in the order of application; empty ones are left out by the caller.</summary>
    public FieldMutations(FieldMutationLevel[] levels) => _levels = levels;

    /// <summary>No change.</summary>
    public static FieldMutations None { get; } = new([]);

    /// <summary>True when nothing changes.</summary>
    public bool IsEmpty => _levels.Length == 0;

    /// <summary>Changes the fields.</summary>
    /// <param name="fields">Of a request or response.</param>
    /// <param name="record">The exchange, for values with command operators.</param>
    public void Apply(HttpFields fields, ExchangeRecord record)
    {
        foreach (FieldMutationLevel level in _levels)
        {
            level.Apply(fields, record);
        }
    }
}

/// <summary>The field changes of one level: a share, a route, a virtual host or a table.</summary>
internal sealed class FieldMutationLevel
{
    /// <summary>Most additions in one level; a bit for each is kept while they are applied.</summary>
    public const int AdditionsMax = 64;

    /// <summary>Longest value written, in bytes; a longer one is left out.</summary>
    public const int ValueBytesMax = 16 * 1024;

    private readonly byte[][] _removals;
    private readonly Addition[] _additions;
    private readonly bool _hasFormats;

    /// <summary>Takes what the compiler made.</summary>
    public FieldMutationLevel(byte[][] removals, Addition[] additions)
    {
        _removals = removals;
        _additions = additions;
        foreach (Addition addition in additions)
        {
            _hasFormats |= addition.Format is not null;
        }
    }

    /// <summary>Changes the fields.</summary>
    [SkipLocalsInit]
    public void Apply(HttpFields fields, ExchangeRecord record)
    {
        foreach (byte[] name in _removals)
        {
            fields.Remove(name);
        }

        Span<int> ends = stackalloc int[AdditionsMax];
        RouteScratch scratch = RouteScratch.Own;
        if (_hasFormats)
        {
            WriteValues(scratch, record, ends);
        }

        ulong due = Due(fields);
        for (int i = 0; i < _additions.Length; i++)
        {
            Addition addition = _additions[i];
            if ((due & (1UL << i)) != 0 && addition.Overwrites
                && TryValue(addition, i, scratch, ends, out ReadOnlySpan<byte> value))
            {
                fields.Set(addition.Name, value);
            }
        }

        for (int i = 0; i < _additions.Length; i++)
        {
            Addition addition = _additions[i];
            if ((due & (1UL << i)) != 0 && !addition.Overwrites
                && TryValue(addition, i, scratch, ends, out ReadOnlySpan<byte> value))
            {
                fields.Append(addition.Name, value);
            }
        }
    }

    /// <summary>Which additions are done, judged before the first of them.</summary>
    private ulong Due(HttpFields fields)
    {
        ulong due = 0;
        for (int i = 0; i < _additions.Length; i++)
        {
            bool isDue = _additions[i].Action switch
            {
                FieldAppendAction.AddIfAbsent => fields.Find(_additions[i].Name) < 0,
                FieldAppendAction.OverwriteIfExists => fields.Find(_additions[i].Name) >= 0,
                _ => true,
            };
            due |= isDue ? 1UL << i : 0;
        }

        return due;
    }

    private void WriteValues(RouteScratch scratch, ExchangeRecord record, Span<int> ends)
    {
        scratch.Begin();
        for (int i = 0; i < _additions.Length; i++)
        {
            if (_additions[i].Format is { } format)
            {
                int written = format.Write(scratch.Reserve(ValueBytesMax), record, omitEmpty: true);
                scratch.Commit(written);
            }

            ends[i] = scratch.Length;
        }
    }

    private static bool TryValue(
        Addition addition, int index, RouteScratch scratch, Span<int> ends, out ReadOnlySpan<byte> value)
    {
        value = addition.Value;
        if (addition.Format is not null)
        {
            int start = index == 0 ? 0 : ends[index - 1];
            value = scratch.Written[start..ends[index]];

            // An operator may bring in bytes from anywhere; a line break in a value would split the message.
            if (HasControl(value))
            {
                value = default;
                return false;
            }
        }

        return !value.IsEmpty || addition.KeepEmpty;
    }

    private static bool HasControl(ReadOnlySpan<byte> value)
    {
        foreach (byte b in value)
        {
            if (b is < 0x20 and not (byte)'\t' or 0x7F)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>One field to write.</summary>
    /// <param name="Name">As written in the configuration.</param>
    /// <param name="Value">The value without operators.</param>
    /// <param name="Format">The value with operators, or null.</param>
    /// <param name="Action">What happens when the field exists.</param>
    /// <param name="KeepEmpty">An empty value is written too.</param>
    internal sealed record Addition(
        byte[] Name, byte[] Value, CommandFormat? Format, FieldAppendAction Action, bool KeepEmpty)
    {
        /// <summary>Replaces instead of adding.</summary>
        public bool Overwrites =>
            Action is FieldAppendAction.OverwriteIfExists or FieldAppendAction.OverwriteIfExistsOrAdd;
    }
}
