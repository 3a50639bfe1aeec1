using System;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Routing;

public sealed class Re2PatternTests
{
    [Theory]
    [InlineData("/a", "/a", true)]
    [InlineData("/a", "/ab", false)]
    [InlineData("/a|/b", "/b", true)]
    [InlineData("/a|/b", "/bx", false)]
    [InlineData("^/a$", "/a", true)]
    [InlineData("/a.*", "/abc", true)]
    [InlineData(".*c", "/abc", true)]
    [InlineData(".*b.*", "/abc", true)]
    [InlineData(".*", "", true)]
    [InlineData("/v[0-9]+/\\w+", "/v12/a_b", true)]
    [InlineData("/\\w", "/\u00e9", false)]
    [InlineData("/\\W", "/\u00e9", true)]
    [InlineData("/\\s", "/\u00a0", false)]
    [InlineData("/\\d{2,3}", "/1234", false)]
    [InlineData("/[[:alpha:]]+", "/abC", true)]
    [InlineData("/[^[:digit:]a]", "/1", false)]
    [InlineData("/[a-z-[aeiou]", "/[", true)]
    [InlineData("/[]a]", "/]", true)]
    [InlineData("(?i)/ABC", "/abc", true)]
    [InlineData("(?i:/A)b", "/ab", true)]
    [InlineData("(?i:/A)b", "/aB", false)]
    [InlineData("(?P<x>/a)(?P<y>b)", "/ab", true)]
    [InlineData("\\Q/a.b\\E", "/a.b", true)]
    [InlineData("\\Q/a.b\\E", "/axb", false)]
    [InlineData("/a\\.b", "/a.b", true)]
    [InlineData("/\\x41\\x{42}\\103", "/ABC", true)]
    [InlineData("/a{,2}", "/a{,2}", true)]
    [InlineData("/a??b", "/b", true)]
    [InlineData("/ab?", "/a", true)]
    [InlineData("/ab*", "/", false)]
    [InlineData("/abc.*d", "/abcxd", true)]
    [InlineData("/abc.*d", "/abxd", false)]
    public void IsMatch_WholeInput_AsRe2Does(string pattern, string input, bool expected)
    {
        Assert.True(Re2Pattern.TryCompile(pattern, out Re2Pattern? compiled, out string problem), problem);
        Assert.Equal(expected, compiled.IsMatch(Encoding.Latin1.GetBytes(input)));
    }

    [Fact]
    public void IsMatch_CharacterAboveAscii_IsItsUtf8Bytes()
    {
        Assert.True(Re2Pattern.TryCompile("/\u00e9+\U0001F600x[ab]", out Re2Pattern? compiled, out string problem),
            problem);
        Assert.True(compiled.IsMatch("/\u00e9\u00e9\U0001F600xa"u8));
        Assert.False(compiled.IsMatch("/\u00e9\u00e9\U0001F600xc"u8));
    }

    [Theory]
    [InlineData("(?=a)", "(?=")]
    [InlineData("(?!a)", "(?!")]
    [InlineData("(?<=a)b", "(?<")]
    [InlineData("(?>a)", "(?>")]
    [InlineData("(?#a)", "(?#")]
    [InlineData("(a)\\1", "back-references")]
    [InlineData("a\\Z", "\\Z")]
    [InlineData("\\p{Greek}", "\\p")]
    [InlineData("a**", "nothing to repeat")]
    [InlineData("*a", "nothing to repeat")]
    [InlineData("(a", "unclosed (")]
    [InlineData("a)", ") without (")]
    [InlineData("[a", "unclosed [")]
    [InlineData("[b-a]", "reverse")]
    [InlineData("[[:nope:]]", "[:nope:]")]
    [InlineData("a\\", "ends in \\")]
    [InlineData("a{1001}", "at most 1000")]
    [InlineData("a{3,2}", "at most 1000")]
    [InlineData("((a{100}){100}){100}", "too large")]
    [InlineData("[\u00e9]", "above 0x7F")]
    public void TryCompile_WhatRe2LacksOrWeLimit_NamesTheConstruct(string pattern, string expected)
    {
        Assert.False(Re2Pattern.TryCompile(pattern, out _, out string problem));
        Assert.Contains(expected, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryCompile_TooLong_IsRefused() =>
        Assert.False(Re2Pattern.TryCompile(new string('a', Re2Translator.PatternLengthMax + 1), out _, out _));

    [Theory]
    [InlineData("/a", Re2Shape.Exact, "/a")]
    [InlineData("/a\\.b.*", Re2Shape.Prefix, "/a.b")]
    [InlineData(".*\\.png", Re2Shape.Suffix, ".png")]
    [InlineData(".*x.*", Re2Shape.Contains, "x")]
    [InlineData(".*", Re2Shape.Prefix, "")]
    [InlineData("/api/[a-z]+", Re2Shape.General, "/api/")]
    [InlineData("/ab?", Re2Shape.General, "/a")]
    [InlineData("/a|/b", Re2Shape.General, "")]
    [InlineData("(?i)/a", Re2Shape.General, "")]
    public void TryCompile_SimpleExpression_ComesDownToALiteral(string pattern, object shape, string literal)
    {
        Assert.True(Re2Pattern.TryCompile(pattern, out Re2Pattern? compiled, out _));
        Assert.Equal((Re2Shape)shape, compiled.Shape);
        Assert.Equal(literal, Encoding.UTF8.GetString(compiled.Literal));
    }

    [Theory]
    [InlineData("a", "b", "banana", "bbnbnb")]
    [InlineData(".*", "x", "abc", "x")]
    [InlineData("^/old/(.*)$", "/new/\\1", "/old/x/y", "/new/x/y")]
    [InlineData("(a)(b)", "\\2\\1\\0\\\\", "ab", "baab\\")]
    [InlineData("(?P<n>a)|(b)", "[\\1\\2]", "ab", "[a][b]")]
    [InlineData("z", "y", "abc", "abc")]
    [InlineData("b*", "-", "abc", "-a-c-")]
    public void Apply_Substitution_ReplacesEveryMatchAsRe2Does(
        string pattern, string substitution, string input, string expected)
    {
        Assert.True(TextRewrite.TryCompile(
            new RegexRewrite(pattern, substitution), out TextRewrite? rewrite, out string problem), problem);
        RouteScratch scratch = new();
        rewrite.Apply(Encoding.Latin1.GetBytes(input), scratch);
        Assert.Equal(expected, Encoding.Latin1.GetString(scratch.Written));
    }

    [Theory]
    [InlineData("a", "\\1")]
    [InlineData("a", "\\x")]
    [InlineData("a", "x\\")]
    public void TryCompile_BadSubstitution_IsRefused(string pattern, string substitution) =>
        Assert.False(TextRewrite.TryCompile(new RegexRewrite(pattern, substitution), out _, out _));
}
