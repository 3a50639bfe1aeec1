using System;
using FastMesh.Engine.Clusters;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Clusters;

public sealed class OriginalDestinationTests
{
    private static readonly Cluster s_model = new()
    {
        Name = "passthrough",
        Type = ClusterType.OriginalDestination,
        CleanupInterval = TimeSpan.FromSeconds(5),
    };

    [Fact]
    public void Pick_SameDestination_IsTheSameEndpoint()
    {
        ClusterRuntime cluster = Mesh.Run(s_model);
        EndpointRuntime first = Pick(cluster, "10.9.8.7:443")!;
        Assert.Equal("10.9.8.7:443", first.ToString());
        Assert.Same(first, Pick(cluster, "10.9.8.7:443"));
        Assert.NotSame(first, Pick(cluster, "10.9.8.7:444"));
    }

    [Fact]
    public void Pick_NoDestination_SaysNoHealthyUpstream()
    {
        PickResult result = Mesh.Run(s_model).Pick(default);
        Assert.Null(result.Endpoint);
        Assert.Equal(ResponseFlags.NoHealthyUpstream, result.Flags);
    }

    [Theory]
    [InlineData("x-envoy-original-dst-host", "10.1.1.1:81", "10.1.1.1:81")]
    [InlineData("x-go-there", "[fd00::2]:82", "[fd00::2]:82")]
    [InlineData("x-go-there", "not an address", "10.9.8.7:443")]
    public void Pick_FieldNamesAnother_TakesItWhenValid(string field, string value, string expected)
    {
        ClusterRuntime cluster = Mesh.Run(s_model with { OriginalDestinationField = field });
        RequestHead request = new();
        request.Fields.Append(System.Text.Encoding.ASCII.GetBytes(field), System.Text.Encoding.ASCII.GetBytes(value));
        Assert.Equal(expected, Pick(cluster, "10.9.8.7:443", request: request)!.ToString());
    }

    [Fact]
    public void Pick_FieldNotAsked_IsIgnored()
    {
        RequestHead request = new();
        request.Fields.Append("x-envoy-original-dst-host"u8, "10.1.1.1:81"u8);
        Assert.Equal("10.9.8.7:443", Pick(Mesh.Run(s_model), "10.9.8.7:443", request: request)!.ToString());
    }

    [Fact]
    public void Pick_PortOverride_Replaces()
    {
        ClusterRuntime cluster = Mesh.Run(s_model with { OriginalDestinationPort = 8443 });
        Assert.Equal("10.9.8.7:8443", Pick(cluster, "10.9.8.7:443")!.ToString());
    }

    [Fact]
    public void Cleanup_UnusedDestination_IsRetiredAndMadeAnew()
    {
        ClusterRuntime cluster = Mesh.Run(s_model);
        EndpointRuntime old = Pick(cluster, "10.9.8.7:443", nowMs: 10_000)!;
        EndpointRuntime busy = Pick(cluster, "10.9.8.8:443", nowMs: 10_000)!;
        busy.PerReactor[0].ActiveRequests = 1;
        Pick(cluster, "10.9.8.9:443", nowMs: 15_001);
        Assert.True(old.IsRetired);
        Assert.False(busy.IsRetired);
        Assert.NotSame(old, Pick(cluster, "10.9.8.7:443", nowMs: 15_002));
        Assert.Same(busy, Pick(cluster, "10.9.8.8:443", nowMs: 15_002));
    }

    [Fact]
    public void Pick_MoreThanCanBeRemembered_RefusesWhileAllAreBusy()
    {
        ClusterRuntime cluster = Mesh.Run(s_model);
        for (uint i = 0; i < OriginalDestinations.DestinationsMax; i++)
        {
            PickContext context = new() { OriginalDestination = NetAddress.FromIPv4(i + 1, 80), NowMs = 1 };
            cluster.Pick(context).Endpoint!.PerReactor[0].ActiveRequests = 1;
        }

        Assert.Null(Pick(cluster, "10.9.8.7:443", nowMs: 200));
        PickContext known = new() { OriginalDestination = NetAddress.FromIPv4(5, 80), NowMs = 200 };
        cluster.Pick(known).Endpoint!.PerReactor[0].ActiveRequests = 0;
        Assert.NotNull(Pick(cluster, "10.9.8.7:443", nowMs: 400));
    }

    private static EndpointRuntime? Pick(
        ClusterRuntime cluster, string destination, long nowMs = 1, RequestHead? request = null)
    {
        PickContext context = new()
        {
            OriginalDestination = Mesh.Address(destination), NowMs = nowMs, Request = request,
        };
        return cluster.Pick(context).Endpoint;
    }
}
