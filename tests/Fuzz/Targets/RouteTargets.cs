using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using FastMesh.Tests.Fuzz.Engine;
using FastMesh.Tests.Support.Routing;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// The compiled route table against the naive matcher. Two bytes choose one of the random tables; the rest is a
/// request: authority, path and fields on a line each.
/// </summary>
internal sealed class RouteMatchTarget : FuzzTarget
{
    private const int Tables = 512;

    private readonly (RouteConfiguration Model, RouteTable Table)?[] _tables =
        new (RouteConfiguration Model, RouteTable Table)?[Tables];

    public override string Name => "route-match";

    public override IEnumerable<byte[]> Seeds =>
        Enumerable.Range(0, 64).Select(seed =>
        {
            NaiveRequest request = new RandomRoutes(new Random(seed)).Request();
            IEnumerable<string> fields = request.Fields.Select(line => $"{line.Name}: {line.Value}");
            string text = string.Join('\n', fields.Prepend(request.Path).Prepend(request.Authority));
            return (byte[])[(byte)seed, (byte)(seed >> 1), .. Encoding.Latin1.GetBytes(text)];
        });

    public override int Run(byte[] input)
    {
        if (input.Length < 2)
        {
            return 0;
        }

        int number = (input[0] | (input[1] << 8)) % Tables;
        (RouteConfiguration model, RouteTable table) = _tables[number] ??= Compile(number);
        NaiveRequest request = Read(input);
        RequestHead head = new();
        head.SetMethod(Encoding.Latin1.GetBytes(request.Method));
        head.SetAuthority(Encoding.Latin1.GetBytes(request.Authority));
        head.SetPath(Encoding.Latin1.GetBytes(request.Path));
        foreach ((string name, string value) in request.Fields)
        {
            head.Fields.Append(Encoding.Latin1.GetBytes(name), Encoding.Latin1.GetBytes(value));
        }

        string actual = table.Match(head, new RouteContext(request.Random, IsSecure: false))?.Name ?? "none";
        (int host, int route) = NaiveRouteMatcher.Match(model, request);
        Same("compiled and naive", actual, route < 0 ? "none" : $"{host}/{route}");
        return (number * 64) + route;
    }

    private static (RouteConfiguration Model, RouteTable Table) Compile(int seed)
    {
        RouteConfiguration model = new RandomRoutes(new Random(seed)).Table();
        return (model, RouteTable.Compile(model, _ => null, []));
    }

    /// <summary>
    /// Bytes outside printable ASCII become some that are inside: heads hold no others in these rules.
    /// </summary>
    private static NaiveRequest Read(byte[] input)
    {
        char[] text = input.Skip(2).Select(b => (char)(b & 0x7F)).Select(c => c is < ' ' and not '\n' or '\x7F' ? 'a' : c)
            .ToArray();
        string[] lines = new string(text).Split('\n');
        List<(string, string)> fields = [];
        foreach (string line in lines.Skip(2).Take(20))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon is > 0 and <= HttpFields.NameLengthMax && Http1Grammar.IsToken(Encoding.Latin1.GetBytes(line[..colon])))
            {
                fields.Add((line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
            }
        }

        string path = lines.Length > 1 ? lines[1] : "/";
        return new NaiveRequest(path.Length == 0 ? "CONNECT" : "GET", lines[0], path, fields)
        {
            Random = (ulong)input.Length * 7919,
        };
    }
}

/// <summary>RE2 expressions: whatever is accepted can be built, and shortcuts agree with the automaton.</summary>
internal sealed class Re2Target : FuzzTarget
{
    /// <summary>Longer ones only cost time.</summary>
    private const int PatternMax = 60;

    public override string Name => "re2";

    public override IEnumerable<byte[]> Seeds =>
        new[]
        {
            "/a.*\n/abc", ".*b.*\nabc", "(?i)/AB[c-e]+\n/abd", "a|b{2,3}\nbb", "[[:alpha:]]\\d\\x41\na1A",
            "\\Qa.b\\E(?P<n>x)?\na.bx", "^/v[0-9]+/[^/]*$\n/v1/x", "(a*?)(b+)\\.\naab.",
        }.Select(Encoding.Latin1.GetBytes);

    public override int Run(byte[] input)
    {
        string[] parts = Encoding.Latin1.GetString(input).Split('\n', 2);
        string pattern = parts[0][..Math.Min(parts[0].Length, PatternMax)];
        if (!Re2Pattern.TryCompile(pattern, out Re2Pattern? compiled, out string problem))
        {
            Holds(problem.Length > pattern.Length, "a refusal says why");
            return problem[(pattern.Length + 2)..].Sum(c => c) % 64;
        }

        // A line feed never gets this far: the head parser refuses it.
        string text = parts.Length > 1 ? parts[1].Replace('\n', ' ') : "";
        byte[] subject = Encoding.Latin1.GetBytes(text[..Math.Min(text.Length, 200)]);
        Re2Pattern.TryTranslate(pattern, keepGroups: false, out string translated, out _);
        bool expected = Re2Pattern.Build($@"\A(?:{translated})\z").IsMatch(Encoding.Latin1.GetString(subject));
        Same("shortcut and automaton", compiled.IsMatch(subject).ToString(), expected.ToString());
        return 100 + ((int)compiled.Shape * 2) + (expected ? 1 : 0);
    }
}
