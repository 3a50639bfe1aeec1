using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Xunit;

namespace FastMesh.Tests.Tidy;

/// <summary>
/// A rule holds when nothing breaks it; what does is listed whole. What broke a rule before it was a rule stands in a
/// list beside this file, which only shrinks.
/// </summary>
internal static class Expect
{
    public static void Nothing(IEnumerable<string> findings)
    {
        string[] all = [.. findings];
        Assert.True(all.Length == 0, string.Join(Environment.NewLine, all.Prepend($"{all.Length} findings:")));
    }

    /// <summary>As <see cref="Nothing"/>, but for the keys in a list.</summary>
    public static void NothingBut(string list, IEnumerable<(string Key, string Finding)> findings)
    {
        HashSet<string> allowed =
        [
            .. File.ReadAllLines(Path.Combine(SourceTree.Root, "tests/Tidy", list))
                .Where(line => line.Length > 0 && !line.StartsWith('#')),
        ];
        Nothing(findings.Where(found => !allowed.Contains(found.Key)).Select(found => found.Finding));
    }
}
