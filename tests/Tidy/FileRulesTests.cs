using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMesh.Tests.Tidy;

/// <summary>Rules that one file shows by itself.</summary>
public sealed partial class FileRulesTests
{
    private const int FileLinesMax = 500;
    private const int LineColumnsMax = 120;

    [Fact]
    public void File_IsNotLongerThanTheLimit() =>
        Expect.NothingBut("long-files.txt", SourceTree.CSharp
            .Where(file => file.Lines.Length > FileLinesMax)
            .Select(file => (file.Path, $"{file}: {file.Lines.Length} lines, at most {FileLinesMax}")));

    [Fact]
    public void Line_IsNotWiderThanTheLimit() =>
        Expect.NothingBut(
            "wide-lines.txt",
            from file in SourceTree.CSharp
            from line in file.Lines.Index()
            where line.Item.Length > LineColumnsMax && !line.Item.Contains('"', StringComparison.Ordinal)
            select (file.Path, $"{file}:{line.Index + 1}: more than {LineColumnsMax} columns"));

    [Fact]
    public void Namespace_IsFileScopedAndEqualsTheFolder() =>
        Expect.Nothing(SourceTree.Under("src/")
            .Where(file => Path.GetFileName(file.Path) != "Program.cs")
            .Where(file => !file.Lines.Contains($"namespace {NamespaceOf(file.Path)};"))
            .Select(file => $"{file}: expected \"namespace {NamespaceOf(file.Path)};\""));

    [Fact]
    public void Lock_StandsNowhereOnTheDataPath() =>
        Expect.Nothing(Lines(
            SourceTree.Under("src/Engine/").Concat(SourceTree.Under("src/Protocols/")),
            line => LockStatement().IsMatch(line),
            "a lock on the data path; threads meet in the mailbox"));

    [Fact]
    public void Partial_IsOnlyForSourceGenerators() =>
        Expect.Nothing(SourceTree.CSharp
            .Where(file => file.Lines.Any(line => PartialType().IsMatch(line)))
            .Where(file => !file.Lines.Any(line => GeneratorAttribute().IsMatch(line)))
            .Select(file => $"{file}: partial without a source generator"));

    [Fact]
    public void Todo_NamesItsIssue() =>
        Expect.Nothing(Lines(
            line => OpenEnd().IsMatch(line) && !NamedOpenEnd().IsMatch(line), "write it as TODO(#issue)"));

    [Fact]
    public void Type_InASubNamespaceOfSource_IsInternal() =>
        Expect.Nothing(Lines(
            SourceTree.Under("src/").Where(file => file.Path.Count(c => c == '/') > 2),
            line => PublicType().IsMatch(line),
            "types in a sub-namespace are internal"));

    // Generated protobuf classes and namespaces of a room's own tests are no part of this.
    private static string NamespaceOf(string path)
    {
        string[] parts = Path.GetDirectoryName(path)!.Split('/');
        return "FastMesh." + string.Join('.', parts[1..]);
    }

    private static IEnumerable<string> Lines(Func<string, bool> breaks, string rule) =>
        Lines(SourceTree.CSharp, breaks, rule);

    private static IEnumerable<string> Lines(IEnumerable<SourceFile> files, Func<string, bool> breaks, string rule) =>
        from file in files
        where !file.Path.StartsWith("tests/Tidy/", StringComparison.Ordinal)
        from line in file.Lines.Index()
        where breaks(line.Item)
        select $"{file}:{line.Index + 1}: {rule}";

    [GeneratedRegex(@"^\s*lock\s*\(")]
    private static partial Regex LockStatement();

    [GeneratedRegex(@"^\s*[\w\s]*\bpartial (class|struct|record|interface)\b")]
    private static partial Regex PartialType();

    [GeneratedRegex(@"\[(GeneratedRegex|LoggerMessage|LibraryImport|JsonSerializable)")]
    private static partial Regex GeneratorAttribute();

    [GeneratedRegex(@"//.*\b(TODO|FIXME|HACK|XXX)\b")]
    private static partial Regex OpenEnd();

    [GeneratedRegex(@"TODO\(#\d+\)")]
    private static partial Regex NamedOpenEnd();

    [GeneratedRegex(@"^public [\w\s]*\b(class|struct|record|interface|enum|delegate)\b")]
    private static partial Regex PublicType();
}
