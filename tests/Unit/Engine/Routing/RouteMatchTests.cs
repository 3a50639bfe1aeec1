using System.Collections.Generic;
using FastMesh.Engine.Routing;
using FastMesh.Model;
using FastMesh.Tests.Support.Routing;
using Xunit;
using static FastMesh.Tests.Unit.Engine.Routing.RoutingFixture;

namespace FastMesh.Tests.Unit.Engine.Routing;

public sealed class RouteMatchTests
{
    [Theory]
    [InlineData(PathMatchKind.Prefix, "/a", true, "/a", true)]
    [InlineData(PathMatchKind.Prefix, "/a", true, "/ab?c", true)]
    [InlineData(PathMatchKind.Prefix, "/a", true, "/A", false)]
    [InlineData(PathMatchKind.Prefix, "/a", false, "/Ab", true)]
    [InlineData(PathMatchKind.Prefix, "/a?", true, "/a?", false)]
    [InlineData(PathMatchKind.Prefix, "", true, "*", true)]
    [InlineData(PathMatchKind.Prefix, "/", true, "*", false)]
    [InlineData(PathMatchKind.Exact, "/a", true, "/a?b", true)]
    [InlineData(PathMatchKind.Exact, "/a", true, "/a/", false)]
    [InlineData(PathMatchKind.Exact, "/aB", false, "/Ab", true)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", true, "/a", true)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", true, "/a/b", true)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", true, "/a?b", true)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", true, "/ab", false)]
    [InlineData(PathMatchKind.SegmentPrefix, "/a", false, "/A/", true)]
    [InlineData(PathMatchKind.Regex, "/[ab]", true, "/b?x", true)]
    [InlineData(PathMatchKind.Regex, "/[ab]", true, "/bc", false)]
    [InlineData(PathMatchKind.Regex, "/[ab]", false, "/B", false)]
    public void Match_Path_LooksAtThePathWithoutQuery(
        PathMatchKind kind, string value, bool caseSensitive, string path, bool expected) =>
        Assert.Equal(
            expected,
            Takes(new RouteMatch { PathKind = kind, Path = value, CaseSensitive = caseSensitive }, Get(path)));

    [Fact]
    public void Match_Connect_TakesOnlyConnectMatchers()
    {
        RouteTable table = Compile(Table(To("plain", Any), To("connect", new() { PathKind = PathMatchKind.Connect })));
        Assert.Equal("connect", Match(table, Head(new NaiveRequest("CONNECT", "a:1", "", []))));
        Assert.Equal("plain", Match(table, Get("/")));
    }

    [Theory]
    [InlineData(StringMatchKind.Exact, "one", false, "one", true)]
    [InlineData(StringMatchKind.Exact, "one", false, "One", false)]
    [InlineData(StringMatchKind.Exact, "One", true, "oNE", true)]
    [InlineData(StringMatchKind.Prefix, "on", false, "one", true)]
    [InlineData(StringMatchKind.Suffix, "ne", false, "one", true)]
    [InlineData(StringMatchKind.Suffix, "NE", true, "one", true)]
    [InlineData(StringMatchKind.Contains, "n", false, "one", true)]
    [InlineData(StringMatchKind.Contains, "N", true, "one", true)]
    [InlineData(StringMatchKind.Contains, "x", true, "one", false)]
    [InlineData(StringMatchKind.Regex, "o.e", false, "one", true)]
    [InlineData(StringMatchKind.Regex, "o.", false, "one", false)]
    public void Match_FieldValue_ComparesAsTold(
        StringMatchKind kind, string value, bool ignoreCase, string sent, bool expected)
    {
        FieldMatcher matcher = Field(new StringMatcher(kind, value, ignoreCase));
        Assert.Equal(expected, Takes(With(matcher), Get("/", fields: ("X-Test", sent))));
        Assert.Equal(!expected, Takes(With(matcher with { Invert = true }), Get("/", fields: ("X-Test", sent))));
    }

    [Fact]
    public void Match_FieldTwice_ComparesAllValuesJoinedByComma()
    {
        FieldMatcher matcher = Field(new StringMatcher(StringMatchKind.Exact, "a,,b"));
        Assert.True(Takes(
            With(matcher), Get("/", fields: [("x-test", "a"), ("y", "z"), ("X-TEST", ""), ("x-test", "b")])));
        matcher = Field(new StringMatcher(StringMatchKind.Exact, "a"));
        Assert.False(Takes(With(matcher), Get("/", fields: [("x-test", "a"), ("x-test", "b")])));
        matcher = Field(new StringMatcher(StringMatchKind.Exact, ",a"));
        Assert.True(Takes(With(matcher), Get("/", fields: [("x-test", ""), ("x-test", "a")])));
    }

    [Theory]
    [InlineData(true, false, true, false)]
    [InlineData(false, false, false, true)]
    [InlineData(true, true, false, true)]
    [InlineData(false, true, true, false)]
    public void Match_FieldPresence_InvertsPlainly(bool present, bool invert, bool whenThere, bool whenMissing)
    {
        FieldMatcher matcher = new() { Name = "x-test", Present = present, Invert = invert };
        Assert.Equal(whenThere, Takes(With(matcher), Get("/", fields: ("x-test", ""))));
        Assert.Equal(whenMissing, Takes(With(matcher), Get("/")));
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(true, true, true)]
    public void Match_MissingField_MatchesOnlyWhenItCountsAsEmpty(bool invert, bool asEmpty, bool expected)
    {
        FieldMatcher matcher = Field(new StringMatcher(StringMatchKind.Exact, "a")) with
        {
            Invert = invert,
            TreatMissingAsEmpty = asEmpty,
        };
        Assert.Equal(expected, Takes(With(matcher), Get("/")));
    }

    [Theory]
    [InlineData("-5", true)]
    [InlineData("9", true)]
    [InlineData("+9", true)]
    [InlineData("10", false)]
    [InlineData("-6", false)]
    [InlineData("", false)]
    [InlineData("1x", false)]
    [InlineData("99999999999999999999", false)]
    public void Match_FieldRange_IsHalfOpen(string sent, bool expected)
    {
        FieldMatcher matcher = new()
        {
            Name = "x-test",
            Kind = FieldMatchKind.Range,
            RangeStart = -5,
            RangeEnd = 10,
        };
        Assert.Equal(expected, Takes(With(matcher), Get("/", fields: ("x-test", sent))));
    }

    [Theory]
    [InlineData(":method", "GET")]
    [InlineData(":path", "/p?q")]
    [InlineData(":authority", "a.example")]
    [InlineData("Host", "a.example")]
    [InlineData(":scheme", "http")]
    public void Match_PseudoField_IsThatOfTheRequest(string name, string value)
    {
        FieldMatcher matcher = Field(new StringMatcher(StringMatchKind.Exact, value)) with { Name = name };
        Assert.True(Takes(With(matcher), Get("/p?q")));
    }

    [Theory]
    [InlineData("/?q=1", true)]
    [InlineData("/?a&q=1&q=2", true)]
    [InlineData("/?q=2&q=1", false)]
    [InlineData("/?q", false)]
    [InlineData("/?Q=1", false)]
    [InlineData("/?qq=1", false)]
    [InlineData("/?q=%31", false)]
    [InlineData("/?q==1", false)]
    [InlineData("/q=1", false)]
    [InlineData("/?", false)]
    [InlineData("/?x?q=1", false)]
    public void Match_QueryValue_IsTheFirstOfTheName(string path, bool expected) =>
        Assert.Equal(
            expected,
            Takes(With(new QueryParameterMatcher { Name = "q", Value = new(StringMatchKind.Exact, "1") }), Get(path)));

    [Theory]
    [InlineData("/?q", true)]
    [InlineData("/?q=", true)]
    [InlineData("/?&&q=1", true)]
    [InlineData("/?x=q", false)]
    [InlineData("/", false)]
    public void Match_QueryPresence_NeedsNoValue(string path, bool expected)
    {
        Assert.Equal(expected, Takes(With(new QueryParameterMatcher { Name = "q" }), Get(path)));
        Assert.Equal(!expected, Takes(With(new QueryParameterMatcher { Name = "q", Present = false }), Get(path)));
    }

    [Fact]
    public void Match_Fraction_TakesItsShareOfRandomNumbers()
    {
        RouteMatch match = new() { Path = "/", Fraction = new RuntimeFraction(30) };
        RouteTable table = Compile(Table(To("c", match)));
        int taken = 0;
        for (ulong random = 0; random < 1000; random++)
        {
            taken += Match(table, Get("/"), random) is null ? 0 : 1;
        }

        Assert.Equal(300, taken);
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("application/grpc-web", false)]
    [InlineData("text/plain", false)]
    public void Match_Grpc_LooksAtContentType(string type, bool expected) =>
        Assert.Equal(
            expected, Takes(new RouteMatch { Path = "/", Grpc = true }, Get("/", fields: ("content-type", type))));

    [Theory]
    [InlineData(TlsRequirement.All, false, null, "https://a.example/x?y")]
    [InlineData(TlsRequirement.All, true, null, null)]
    [InlineData(TlsRequirement.All, false, "https", null)]
    [InlineData(TlsRequirement.ExternalOnly, false, null, "https://a.example/x?y")]
    [InlineData(TlsRequirement.None, false, null, null)]
    public void Match_TlsRequired_RedirectsPlainText(
        TlsRequirement requirement, bool secure, string? forwarded, string? location)
    {
        RouteTable table = Compile(new RouteConfiguration
        {
            VirtualHosts =
            [
                new VirtualHost { Name = "v", Domains = ["*"], RequireTls = requirement, Routes = [To("c", Any)] },
            ],
        });
        var head = Get("/x?y", fields: forwarded is null ? [] : [("x-forwarded-proto", forwarded)]);
        RouteEntry route = table.Match(head, new RouteContext(0, secure))!;
        Assert.Equal(location is null ? RouteKind.Forward : RouteKind.Redirect, route.Kind);
        if (location is not null)
        {
            Assert.Equal(location, RouteActionTests.Location(route, head, secure));
        }
    }

    [Fact]
    public void Compile_BadMatchers_NameTheirPlaces()
    {
        List<ConfigProblem> problems = Problems(Table(To("c", new RouteMatch
        {
            PathKind = PathMatchKind.Regex,
            Path = "(?=x)",
            Fields =
            [
                new FieldMatcher { Name = ":nope" },
                new FieldMatcher { Name = "a", Kind = FieldMatchKind.Range, RangeStart = 1, RangeEnd = 1 },
                Field(new StringMatcher(StringMatchKind.Regex, "(")),
            ],
            QueryParameters = [new QueryParameterMatcher { Name = "" }],
        })));

        string match = "virtual_hosts[0].routes[0].match.";
        Assert.Equal(
            [
                match + "safe_regex.regex",
                match + "headers[0].name",
                match + "headers[1].range_match",
                match + "headers[2]",
                match + "query_parameters[0].name",
            ],
            problems.ConvertAll(problem => problem.Path));
    }

    private static FieldMatcher Field(StringMatcher value) =>
        new() { Name = "x-test", Kind = FieldMatchKind.Value, Value = value };

    private static RouteMatch With(FieldMatcher field) => new() { Path = "/", Fields = [field] };

    private static RouteMatch With(QueryParameterMatcher parameter) =>
        new() { Path = "/", QueryParameters = [parameter] };
}
