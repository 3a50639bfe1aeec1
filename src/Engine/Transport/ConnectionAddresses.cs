using FastMesh.Protocols;

namespace FastMesh.Engine.Transport;

/// <summary>Both ends of a connection, once somebody has asked for them.</summary>
internal sealed class ConnectionAddresses
{
    public NetAddress Remote;
    public NetAddress Local;
}
