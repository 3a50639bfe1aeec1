using System;
using System.Linq;
using System.Threading.Tasks;
using FastMesh.Engine;
using FastMesh.Tls;
using Xunit;

namespace FastMesh.Tests.Unit.Engine;

public sealed class TicketRotationTests
{
    /// <summary>Whoever steals a ticket key can read sessions of a few hours, not of all time.</summary>
    [Fact]
    public async Task TicketKeys_OfARunningEngine_AreReplacedOneByOne()
    {
        await using var engine = new MeshEngine(new EngineOptions
        {
            Concurrency = 1,
            Transport = EngineTransport.Epoll,
            TicketKeyLifetime = TimeSpan.FromMilliseconds(5),
        });
        byte[] first = engine.TicketKeys.Keys[^1];
        while (engine.TicketKeys.Keys.Contains(first))
        {
            await Task.Yield();
        }

        Assert.Equal(TlsTicketKeys.KeysMax, engine.TicketKeys.Keys.Length);
    }
}
