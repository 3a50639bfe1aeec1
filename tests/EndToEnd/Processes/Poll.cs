using System;
using System.Threading.Tasks;
using Xunit;

namespace FastMesh.Tests.EndToEnd.Processes;

/// <summary>Asks again until it is so; what another process does has no event to wait for.</summary>
internal static class Poll
{
    private const int TriesMax = 3000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        for (int i = 0; i < TriesMax; i++)
        {
            if (await isSo())
            {
                return;
            }

            await Task.Delay(Pause);
        }

        Assert.Fail("it never came to be so");
    }
}
