using System.Collections.Generic;
using FastMesh.Tests.Fuzz.Engine;
using FastMesh.Tests.Fuzz.Targets;

namespace FastMesh.Tests.Fuzz;

/// <summary>Every target of this executable. Add a line to add one.</summary>
internal static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new CanaryTarget(),
        new RequestDifferentialTarget(),
        new ResponseDifferentialTarget(),
        new RequestRoundTripTarget(),
        new ResponseRoundTripTarget(),
        new BodyTarget(),
        new PathTarget(),
        new FieldsTarget(),
        new ClientHelloTarget(),
        new ProxyProtocolTarget(),
        new SnifferTarget(),
        new NetAddressTarget(),
        new CommandFormatTarget(),
        new YamlConfigTarget(),
        new RouteMatchTarget(),
        new Re2Target(),
        new HpackTarget(),
        new Http2ServerTarget(),
        new Http2ClientTarget(),
        new Http2PairTarget(),
    ];
}
