using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMesh.Tests.Tidy;

/// <summary>
/// Functions stay short; the exceptions stand in long-functions.txt, a list that only shrinks. Read from the layout:
/// a member of a type in a file-scoped namespace opens and closes its braces at four columns.
/// </summary>
public sealed partial class FunctionLengthTests
{
    private const int FunctionLinesMax = 70;

    [Fact]
    public void Function_IsNotLongerThanTheLimit() =>
        Expect.NothingBut("long-functions.txt", LongFunctions()
            .Select(found => (found.Key, $"{found.Key}: {found.Lines} lines, at most {FunctionLinesMax}")));

    private static IEnumerable<(string Key, int Lines)> LongFunctions() =>
        SourceTree.CSharp.SelectMany(file => Functions(file).Where(found => found.Lines > FunctionLinesMax));

    private static IEnumerable<(string Key, int Lines)> Functions(SourceFile file)
    {
        string name = string.Empty;
        int opened = -1;
        int indent = 0;
        for (int i = 0; i < file.Lines.Length; i++)
        {
            string line = file.Lines[i];
            if (opened < 0 && Signature().Match(line) is { Success: true } signature)
            {
                name = signature.Groups["name"].Value;
                indent = signature.Groups["indent"].Length;
            }
            else if (opened < 0 && line.Length == 0)
            {
                // The signature was that of an expression body.
                name = string.Empty;
            }
            else if (opened < 0 && name.Length > 0 && line == new string(' ', indent) + "{")
            {
                opened = i;
            }
            else if (opened >= 0 && line.TrimEnd(',', ';', ')') == new string(' ', indent) + "}")
            {
                yield return ($"{file.Path} {name}", i - opened - 1);
                opened = -1;
                name = string.Empty;
            }
        }
    }

    [GeneratedRegex(
        @"^(?<indent> {4}| {8})(public|private|internal|protected|static)(?!.*\b(class|struct|record)\b)[^=;]*?\b(?<name>\w+)(<[\w, ]+>)?\(")]
    private static partial Regex Signature();
}
