using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Reactors;

public sealed class ReactorThreadTests
{
    [Fact]
    public void RunTurn_DrivenFromOutside_LeavesTheThreadAsItWas()
    {
        var network = new SimulatedNetwork(1);
        Reactor reactor = network.AddReactor();
        Assert.Null(Reactor.Current);
        Reactor? inside = null;
        reactor.Post(_ => inside = Reactor.Current, null);
        reactor.RunTurn();
        Assert.Same(reactor, inside);
        Assert.Null(Reactor.Current);
    }
}
