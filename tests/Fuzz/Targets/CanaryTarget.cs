using System.Collections.Generic;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>A planted fault two mutations away from its seed: a run that does not find it proves nothing.</summary>
internal sealed class CanaryTarget : FuzzTarget
{
    public override string Name => "canary";

    public override bool MustFail => true;

    public override IEnumerable<byte[]> Seeds => [Words.Latin("GET / HTTP/1.1\r\nHost: a\r\n\r\n")];

    public override int Run(byte[] input)
    {
        string text = System.Text.Encoding.Latin1.GetString(input);
        bool chunked = text.Contains("chunked\r\n", System.StringComparison.Ordinal);
        bool counted = text.Contains("Content-Length", System.StringComparison.Ordinal);
        Holds(!chunked || !counted, "the planted fault");
        return (chunked ? 1 : 0) + (counted ? 2 : 0);
    }
}
