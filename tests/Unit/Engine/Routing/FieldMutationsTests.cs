using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;
using Xunit;
using static FastMesh.Tests.Unit.Engine.Routing.RoutingFixture;

namespace FastMesh.Tests.Unit.Engine.Routing;

public sealed class FieldMutationsTests
{
    [Theory]
    [InlineData(FieldAppendAction.AppendIfExistsOrAdd, "a: 1; a: 2", "a: 1; a: 2; a: new")]
    [InlineData(FieldAppendAction.AppendIfExistsOrAdd, "", "a: new")]
    [InlineData(FieldAppendAction.AddIfAbsent, "a: 1", "a: 1")]
    [InlineData(FieldAppendAction.AddIfAbsent, "", "a: new")]
    [InlineData(FieldAppendAction.OverwriteIfExistsOrAdd, "A: 1; b: 2; a: 3", "A: new; b: 2")]
    [InlineData(FieldAppendAction.OverwriteIfExistsOrAdd, "", "a: new")]
    [InlineData(FieldAppendAction.OverwriteIfExists, "a: 1", "a: new")]
    [InlineData(FieldAppendAction.OverwriteIfExists, "", "")]
    public void Apply_AppendAction_DoesWhatItSays(FieldAppendAction action, string before, string after) =>
        Assert.Equal(after, Apply(new FieldMutation { Add = [new FieldAddition("a", "new", action)] }, before));

    [Fact]
    public void Apply_RemoveAndAddOneName_RemovesFirst() =>
        Assert.Equal(
            "b: 2; a: new",
            Apply(new FieldMutation { Add = [new FieldAddition("a", "new")], Remove = ["A"] }, "a: 1; b: 2; a: 3"));

    [Fact]
    public void Apply_TwoIfAbsentOfOneName_BothAreJudgedBefore() =>
        Assert.Equal(
            "a: 1; a: 2",
            Apply(
                new FieldMutation
                {
                    Add =
                    [
                        new FieldAddition("a", "1", FieldAppendAction.AddIfAbsent),
                        new FieldAddition("a", "2", FieldAppendAction.AddIfAbsent),
                    ],
                },
                ""));

    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "a: ")]
    public void Apply_EmptyValue_IsWrittenOnlyWhenKept(bool keep, string after) =>
        Assert.Equal(
            after, Apply(new FieldMutation { Add = [new FieldAddition("a", "", KeepEmptyValue: keep)] }, ""));

    [Theory]
    [InlineData("%REQ(x-in)%", "a: one")]
    [InlineData("<%REQ(x-in)%|%REQ(x-none)%>", "a: <one|>")]
    [InlineData("%REQ(x-none)%", "")]
    [InlineData("100%%", "a: 100%")]
    public void Apply_Operators_WriteWhatIsKnownAndNothingElse(string value, string after)
    {
        ExchangeRecord record = new() { Request = Get("/", fields: ("x-in", "one")) };
        Assert.Equal(after, Apply(new FieldMutation { Add = [new FieldAddition("a", value)] }, "", record));
    }

    [Fact]
    public void Compile_UnknownOperator_IsRefusedByName()
    {
        FieldMutation mutation = new() { Add = [new FieldAddition("a", "%NO_SUCH_THING%")] };
        ConfigProblem problem = Assert.Single(Problems(Table(To("c", Any) with { RequestFields = mutation })));
        Assert.Contains("NO_SUCH_THING", problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "share route host table")]
    [InlineData(true, "share table host route")]
    public void ApplyMutations_Levels_ComeInEnvoysOrder(bool mostSpecificWins, string expected)
    {
        RouteConfiguration table = new()
        {
            MostSpecificMutationsWin = mostSpecificWins,
            RequestFields = Level("table"),
            ResponseFields = Level("table"),
            VirtualHosts =
            [
                new VirtualHost
                {
                    Name = "v",
                    Domains = ["*"],
                    RequestFields = Level("host"),
                    ResponseFields = Level("host"),
                    Routes =
                    [
                        new Route
                        {
                            Match = Any,
                            RequestFields = Level("route"),
                            ResponseFields = Level("route"),
                            Action = new ForwardAction
                            {
                                WeightedClusters =
                                [
                                    new WeightedCluster
                                    {
                                        Cluster = "a",
                                        Weight = 1,
                                        RequestFields = Level("share"),
                                        ResponseFields = Level("share"),
                                    },
                                ],
                            },
                        },
                    ],
                },
            ],
        };
        RequestHead request = Get("/");
        RouteEntry route = Compile(table).Match(request, default)!;
        RoutePick pick = route.PickCluster(request, 0);
        ResponseHead response = new();
        route.ApplyRequestMutations(request, new ExchangeRecord(), pick);
        route.ApplyResponseMutations(response, new ExchangeRecord(), pick);
        Assert.Equal(expected, Text(request.Fields, values: true));
        Assert.Equal(expected, Text(response.Fields, values: true));
    }

    [Theory]
    [InlineData(":path", "prefix_rewrite")]
    [InlineData(":authority", "host_rewrite_literal")]
    [InlineData("Host", "host_rewrite_literal")]
    [InlineData(":method", "pseudo field")]
    [InlineData("Content-Length", "by the proxy alone")]
    [InlineData("transfer-encoding", "by the proxy alone")]
    [InlineData("a b", "not a field name")]
    [InlineData("", "is empty")]
    public void Compile_NameThatMayNotChange_IsRefusedByName(string name, string expected)
    {
        Route route = To("c", Any) with { RequestFields = new FieldMutation { Add = [new FieldAddition(name, "x")] } };
        ConfigProblem problem = Assert.Single(Problems(Table(route)));
        Assert.Equal("virtual_hosts[0].routes[0].request_headers_to_add[0].header.key", problem.Path);
        Assert.Contains(expected, problem.Text, StringComparison.Ordinal);

        route = To("c", Any) with { ResponseFields = new FieldMutation { Remove = [name] } };
        problem = Assert.Single(Problems(Table(route)));
        Assert.Equal("virtual_hosts[0].routes[0].response_headers_to_remove[0]", problem.Path);
    }

    [Fact]
    public void Compile_ValueWithLineBreak_IsRefused()
    {
        FieldMutation mutation = new() { Add = [new FieldAddition("a", "x\r\ny")] };
        Route route = To("c", Any) with { RequestFields = mutation };
        Assert.Contains("control character", Assert.Single(Problems(Table(route))).Text, StringComparison.Ordinal);
    }

    private static FieldMutation Level(string value) => new() { Add = [new FieldAddition("level", value)] };

    private static string Apply(FieldMutation mutation, string before, ExchangeRecord? record = null)
    {
        List<ConfigProblem> problems = [];
        FieldMutationLevel level = FieldMutationCompiler.Compile(mutation, "", "request", problems)!;
        Assert.Empty(problems);
        HttpFields fields = new();
        foreach (string line in before.Split("; ", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(": ");
            fields.Append(Encoding.Latin1.GetBytes(parts[0]), Encoding.Latin1.GetBytes(parts[1]));
        }

        level.Apply(fields, record ?? new ExchangeRecord());
        return Text(fields, values: false);
    }

    private static string Text(HttpFields fields, bool values)
    {
        List<string> lines = [];
        for (int i = 0; i < fields.Count; i++)
        {
            string value = Encoding.Latin1.GetString(fields.Value(i));
            lines.Add(values ? value : Encoding.Latin1.GetString(fields.Name(i)) + ": " + value);
        }

        return string.Join(values ? " " : "; ", lines);
    }
}
