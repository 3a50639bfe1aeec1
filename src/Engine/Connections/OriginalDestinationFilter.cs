using FastMesh.Engine.Downstream;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>
/// envoy.filters.listener.original_dst: where the client meant to go before the kernel redirected it
/// (SO_ORIGINAL_DST; under TPROXY the socket's own address).
/// </summary>
/// <param name="isTransparent">True for a TPROXY listener.</param>
internal sealed class OriginalDestinationFilter(bool isTransparent) : ListenerFilter
{
    public override bool ReadsBytes => false;

    public override void OnAccept(TransportConnection connection, ref ConnectionFacts facts)
    {
        if (isTransparent)
        {
            facts.IsLocalRestored = true;
        }
        else if (connection.TryGetOriginalDestination(out NetAddress destination))
        {
            facts.Local = destination;
            facts.IsLocalRestored = true;
        }
    }
}
