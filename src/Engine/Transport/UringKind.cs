namespace FastMesh.Engine.Transport;

/// <summary>What a completion is about, in the low byte of its user data; above it stands a place in a table.</summary>
internal static class UringKind
{
    public const int Bits = 8;
    public const ulong Mask = 0xFF;
    public const byte Accept = 1;
    public const byte Receive = 2;
    public const byte FastSend = 3;
    public const byte Send = 4;
    public const byte Connect = 5;
    public const byte Cancel = 6;
    public const byte Wake = 7;
    public const byte Poll = 8;

    /// <summary>User data of an operation on a connection.</summary>
    public static ulong UserData(TransportConnection connection, byte kind) =>
        ((ulong)(uint)connection.Slot << Bits) | kind;
}
