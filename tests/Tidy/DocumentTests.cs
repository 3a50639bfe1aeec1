using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMesh.Tests.Tidy;

/// <summary>What the documents say exists, and the commands they show are known.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Link_ToAFile_Resolves() =>
        Expect.Nothing(
            from document in SourceTree.Markdown
            from line in document.Lines
            from Match link in Link().Matches(line)
            let target = link.Groups[1].Value.Split('#')[0]
            where target.Length > 0 && !target.Contains("://", StringComparison.Ordinal)
            let path = Path.Combine(SourceTree.Root, Path.GetDirectoryName(document.Path)!, target)
            where !File.Exists(path) && !Directory.Exists(path)
            select $"{document}: {target} does not exist");

    [Fact]
    public void DevCommand_InADocument_IsOneOfTheScript()
    {
        string script = File.ReadAllText(Path.Combine(SourceTree.Root, "dev"));
        HashSet<string> known =
            [.. DevUsage().Matches(script).Select(match => match.Groups[1].Value)];
        Assert.Contains("test", known);
        Expect.Nothing(
            from document in SourceTree.Markdown
            from line in document.Lines
            from Match call in DevCall().Matches(line)
            where !known.Contains(call.Groups[1].Value)
            select $"{document}: ./dev {call.Groups[1].Value} is no command");
    }

    [Fact]
    public void PathInBackticks_UnderAFolderOfOurs_Exists() =>
        Expect.Nothing(
            from document in SourceTree.Markdown
            from line in document.Lines
            from Match path in OwnPath().Matches(line)
            let target = Path.Combine(SourceTree.Root, path.Groups[1].Value)
            where !File.Exists(target) && !Directory.Exists(target)
            select $"{document}: {path.Groups[1].Value} does not exist");

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^\./dev (\w+)", RegexOptions.Multiline)]
    private static partial Regex DevUsage();

    [GeneratedRegex(@"\./dev ([a-z]\w*)")]
    private static partial Regex DevCall();

    [GeneratedRegex(@"`((?:src|tests|bench|samples|docs)/[\w/.-]+)`")]
    private static partial Regex OwnPath();
}
