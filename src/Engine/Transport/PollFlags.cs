using System;

namespace FastMesh.Engine.Transport;

/// <summary>What a poller keeps about a connection.</summary>
[Flags]
internal enum PollFlags
{
    None = 0,

    /// <summary>A receive is armed in the kernel.</summary>
    ReceiveArmed = 1,

    /// <summary>Receiving stopped until the reader has caught up.</summary>
    Paused = 2,

    /// <summary>Receiving stopped until a block is free.</summary>
    Starved = 4,

    /// <summary>A connect is in the kernel.</summary>
    ConnectArmed = 8,

    /// <summary>Readiness is being watched for a relay.</summary>
    PollArmed = 16,

    /// <summary>Waits in the list of the next turn's receives.</summary>
    Deferred = 32,

    /// <summary>The last send came back short: the next one waits in the kernel.</summary>
    SlowSend = 64,

    /// <summary>The descriptor is closed as soon as nothing is outstanding.</summary>
    Releasing = 128,

    /// <summary>Close with RST.</summary>
    Reset = 256,

    /// <summary>Receives into large blocks.</summary>
    LargeGroup = 512,

    /// <summary>A cancellation of the receive is in the kernel.</summary>
    Canceling = 1024,
}
