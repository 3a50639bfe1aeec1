using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Normal paths: one form, reached in one step, with nothing left that a second reader could resolve.
/// </summary>
internal sealed class PathTarget : FuzzTarget
{
    private static readonly PathNormalizer All = new()
    {
        NormalizePath = true, MergeSlashes = true, EscapedSlashes = EscapedSlashesAction.UnescapeAndForward,
    };

    private readonly RequestHead _head = new();

    public override string Name => "path";

    public override IEnumerable<byte[]> Seeds =>
        new[] { "/a/../b//c?d", "/%2e%2E/x%2f..%5Cy", "/a\\..\\b", "/.", "/..", "//", "/a/./%2e" }.Select(Words.Latin);

    public override int Run(byte[] input)
    {
        _head.Clear();
        _head.SetPath(input);
        string before = Wire.Text(_head.Path);
        PathOutcome outcome = All.Apply(_head);
        string path = Wire.Text(_head.Path);
        if (outcome == PathOutcome.Reject || !before.StartsWith('/'))
        {
            Same("a path that is not rewritten", before, path);
            return (int)outcome;
        }

        string only = path.Split('?')[0];
        string query = before.Contains('?') ? before[before.IndexOf('?')..] : "";
        Holds(path.Length <= before.Length && path.StartsWith('/'), "a path grew or lost its root");
        Holds(path == only + query, "the query was touched");
        Holds(!only.Contains("//") && !only.Contains('\\'), "slashes are left");
        foreach (string segment in only.Split('/'))
        {
            string plain = segment.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase);
            Holds(plain is not ("." or ".."), "a dot segment is left");
        }

        return 16 + Math.Min(32, only.Count(c => c == '/')) + (outcome == PathOutcome.Redirect ? 64 : 0);
    }
}

/// <summary>Field lists against a plain list that does the same.</summary>
internal sealed class FieldsTarget : FuzzTarget
{
    private static readonly string[] Names = ["Host", "host", "x-a", "X-A", "Via", "connection", "b", "TE",
        "x-b3-traceid"];

    private readonly HttpFields _fields = new();

    public override string Name => "fields";

    public override IEnumerable<byte[]> Seeds => [[1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 0, 1, 1, 2, 2, 3, 3]];

    public override IReadOnlyList<byte[]> Dictionary => Words.Binary;

    public override int Run(byte[] input)
    {
        _fields.Clear();
        List<(string Name, string Value)> model = [];
        foreach (byte value in input.AsSpan(0, Math.Min(input.Length, 400)))
        {
            string name = Names[value / 16 % Names.Length];
            Step(model, value % 6, name, $"v{value}");
        }

        Same("list and model", string.Concat(model.Select(field => $"\n{field.Name}={field.Value}")),
            Wire.Append(new StringBuilder(), _fields).ToString());
        foreach (string name in Names)
        {
            KnownField known = KnownFields.Parse(Words.Latin(name));
            int expected = model.FindIndex(field => Is(field.Name, name));
            Holds(_fields.Find(Words.Latin(name)) == expected, "a name is found elsewhere");
            Holds(known == KnownField.None || _fields.Has(known) == (expected >= 0), "the mask is wrong");
        }

        return model.Count;
    }

    private void Step(List<(string Name, string Value)> model, int operation, string name, string value)
    {
        byte[] bytes = Words.Latin(name);
        int index = model.FindIndex(field => Is(field.Name, name));
        switch (operation)
        {
            case 0 or 1:
                _fields.Append(bytes, Words.Latin(value));
                model.Add((name, value));
                break;
            case 2:
                _fields.Set(bytes, Words.Latin(value));
                if (index < 0)
                {
                    model.Add((name, value));
                }
                else
                {
                    model[index] = (model[index].Name, value);
                    model.RemoveAll(field => Is(field.Name, name) && field != model[index]);
                    RemoveLater(model, index, name);
                }

                break;
            case 3:
                Holds(_fields.Remove(bytes) == model.RemoveAll(field => Is(field.Name, name)),
                    "removed another number");
                break;
            case 4 when model.Count > 0:
                _fields.RemoveAt(value.Length % model.Count);
                model.RemoveAt(value.Length % model.Count);
                break;
            default:
                break;
        }
    }

    private static void RemoveLater(List<(string Name, string Value)> model, int index, string name)
    {
        for (int i = model.Count - 1; i > index; i--)
        {
            if (Is(model[i].Name, name))
            {
                model.RemoveAt(i);
            }
        }
    }

    private static bool Is(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}

/// <summary>Addresses: what is read is written so that it is read the same.</summary>
internal sealed class NetAddressTarget : FuzzTarget
{
    public override string Name => "address";

    public override IEnumerable<byte[]> Seeds =>
        new[] { "1.2.3.4:80", "[::1]:80", "2001:db8::1", "::ffff:1.2.3.4",
            "[1:2:3:4:5:6:7:8]:65535" }.Select(Words.Latin);

    public override int Run(byte[] input)
    {
        if (!NetAddress.TryParse(input, out NetAddress address))
        {
            return 0;
        }

        Span<byte> text = stackalloc byte[NetAddress.FormattedLengthMax];
        Holds(address.TryFormat(text, out int written), "the longest text does not fit");
        Holds(NetAddress.TryParse(text[..written], out NetAddress again), "own text is not read");
        Holds(again.Equals(address) || address.ScopeId != 0, "own text means something else");
        NetAddress library = NetAddress.From(address.ToIPEndPoint()!);
        Holds(library.SameAddress(address) && library.Port == address.Port, "the class library disagrees");
        return (int)address.Kind + (written << 4);
    }
}
