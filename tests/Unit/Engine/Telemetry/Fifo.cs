using System.Runtime.InteropServices;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

/// <summary>A pipe with a name: the sink that blocks.</summary>
internal static partial class Fifo
{
    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Make(string path, uint mode);
}
