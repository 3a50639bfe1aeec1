using FastMesh.Protocols;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>One form of a path for routing, policy and upstream.</summary>
public sealed class PathNormalizerTests
{
    private static readonly PathNormalizer All = new()
    {
        NormalizePath = true, MergeSlashes = true, EscapedSlashes = EscapedSlashesAction.UnescapeAndForward,
    };

    [Theory]
    [InlineData("/", "/")]
    [InlineData("/a/b.html", "/a/b.html")]
    [InlineData("/x/../admin", "/admin")]
    [InlineData("/a/./b", "/a/b")]
    [InlineData("/a/b/..", "/a/")]
    [InlineData("/a/.", "/a/")]
    [InlineData("/..", "/")]
    [InlineData("/../../x", "/x")]
    [InlineData("/a/%2e%2E/b", "/b")]
    [InlineData("/a/.%2e/b", "/b")]
    [InlineData("/a/%2e/b", "/a/b")]
    [InlineData("/a/...", "/a/...")]
    [InlineData("/a/.b", "/a/.b")]
    [InlineData("/a\\..\\b", "/b")]
    [InlineData("//admin", "/admin")]
    [InlineData("/a///b//", "/a/b/")]
    [InlineData("/a%2f..%5Cadmin", "/admin")]
    [InlineData("/a%252fb", "/a%252fb")]
    [InlineData("/a%2525", "/a%2525")]
    [InlineData("/a;p=1/../b", "/b")]
    [InlineData("/a/../b?x=/../y//z%2f", "/b?x=/../y//z%2f")]
    [InlineData("/a%2", "/a%2")]
    [InlineData("/%zz/%41", "/%zz/%41")]
    [InlineData("*", "*")]
    public void Apply_AllSteps_GivesTheOneForm(string path, string expected)
    {
        RequestHead head = With(path);
        Assert.Equal(PathOutcome.Forward, All.Apply(head));
        Assert.Equal(expected, Heads.Text(head.Path));
        Assert.Equal(PathOutcome.Forward, All.Apply(head));
        Assert.Equal(expected, Heads.Text(head.Path));
    }

    [Theory]
    [InlineData("/a/%2e%2e/b%2fc//d")]
    [InlineData("/a/../b\\c")]
    public void Apply_NothingConfigured_LeavesThePath(string path)
    {
        RequestHead head = With(path);
        Assert.Equal(PathOutcome.Forward, new PathNormalizer().Apply(head));
        Assert.Equal(path, Heads.Text(head.Path));
    }

    [Fact]
    public void Apply_EscapedNul_IsRefusedAlways() =>
        Assert.Equal(PathOutcome.Reject, new PathNormalizer().Apply(With("/a%00b")));

    [Fact]
    public void Apply_EscapedSlashWhenRefused_IsRefused()
    {
        PathNormalizer reject = new() { EscapedSlashes = EscapedSlashesAction.Reject };
        Assert.Equal(PathOutcome.Reject, reject.Apply(With("/a%5cb")));
        Assert.Equal(PathOutcome.Forward, reject.Apply(With("/a%5b?%2f")));
    }

    [Fact]
    public void Apply_EscapedSlashWhenRedirected_GivesTheLocation()
    {
        PathNormalizer redirect = All with { EscapedSlashes = EscapedSlashesAction.UnescapeAndRedirect };
        RequestHead head = With("/a%2Fb/../c?q");
        Assert.Equal(PathOutcome.Redirect, redirect.Apply(head));
        Assert.Equal("/a/c?q", Heads.Text(head.Path));
    }

    private static RequestHead With(string path)
    {
        RequestHead head = new();
        head.SetPath(Heads.Bytes(path));
        return head;
    }
}
