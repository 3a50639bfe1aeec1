using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Sockets;
using System.Threading.Tasks;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Connections;

/// <summary>The access logs of listeners.</summary>
public sealed class ListenerLogTests : IDisposable
{
    private static readonly AccessLogSettings s_settings = new()
    {
        Sink = AccessLogSinkKind.File,
        TextFormat = "%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %FILTER_CHAIN_NAME%\n",
    };

    private readonly string _path = Path.GetTempFileName();
    private readonly AccessLogSinks _sinks = new(1, NullLogger.Instance);

    public void Dispose()
    {
        _sinks.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public async Task Connection_ThatNoChainMatches_IsLogged()
    {
        await using TestMesh mesh = Mesh();
        FilterChain chain = TestMesh.Relay("c", new() { DestinationPort = 1 });
        await mesh.ApplyAsync(TestMesh.Listener("l", chain) with { AccessLogs = [s_settings] });
        using Peer client = await mesh.ConnectAsync("l");
        Assert.Equal("", await client.ReceiveToEndAsync());
        Assert.Equal("NR filter_chain_not_found 0 0 -\n", await LinesAsync(mesh));
    }

    [Fact]
    public async Task Connection_ThatAChainServed_IsLoggedAtItsEnd()
    {
        await using TestMesh mesh = Mesh();
        using Socket server = Peer.Listen();
        mesh.AddCluster("c", Peer.PortOf(server));
        await mesh.ApplyAsync(
            TestMesh.Listener("l", TestMesh.Relay("c")) with { AccessLogs = [s_settings] });
        using Peer client = await mesh.ConnectAsync("l");
        using Peer upstream = await Peer.AcceptAsync(server);
        await client.SendAsync("abc");
        Assert.Equal("abc", await upstream.ReceiveAsync(3));
        await upstream.SendAsync("yes");
        client.EndSending();
        upstream.EndSending();
        Assert.Equal("yes", await client.ReceiveToEndAsync());
        Assert.Equal("- - 3 3 to c\n", await LinesAsync(mesh));
    }

    private TestMesh Mesh() => new() { AccessLogs = Compile };

    private AccessLog[] Compile(ValueList<AccessLogSettings> logs)
    {
        List<ConfigProblem> problems = [];
        List<AccessLog> compiled = [];
        foreach (AccessLogSettings settings in logs)
        {
            compiled.Add(AccessLog.Compile(
                settings with { Path = _path }, _sinks, "l", problems, LocalReplies.CompileField)!);
        }

        Assert.Empty(problems);
        return [.. compiled];
    }

    private async Task<string> LinesAsync(TestMesh mesh)
    {
        while (await mesh.ConnectionsAsync() > 0)
        {
            await Task.Yield();
        }

        await mesh.OnReactorAsync(() => _sinks.Flush(0));
        _sinks.Dispose();
        return await File.ReadAllTextAsync(_path);
    }
}
