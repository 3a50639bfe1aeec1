using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Support.Http2;

namespace FastMesh.Tests.Support;

/// <summary>
/// A client, the HTTP rooms of one proxy, and an upstream, each on a reactor of its own in one simulated network: real
/// bytes through the real rooms, replayed by seed.
/// </summary>
internal sealed class SimulatedHttpWorld
{
    private static readonly NetAddress s_proxy = NetAddress.FromIPv4(0x0A000001, 80);
    private static readonly NetAddress s_second = NetAddress.FromIPv4(0x0A000003, 80);
    private static readonly NetAddress s_upstream = NetAddress.FromIPv4(0x0A000002, 8080);

    private readonly Reactor _upstreamReactor;
    private readonly bool _speaksTls;

    /// <param name="seed">Repeats every draw.</param>
    /// <param name="options">What the network does to bytes and connections.</param>
    /// <param name="configure">Changes the connection manager that clients meet.</param>
    /// <param name="route">Changes its one route.</param>
    /// <param name="cluster">Changes its one cluster.</param>
    /// <param name="upstream">Serves the upstream's connections instead of the scripted one.</param>
    /// <param name="hops">With 2, it speaks HTTP/2 to a second proxy, which speaks to the upstream.</param>
    /// <param name="speaksTls">Clients speak mutual TLS to the proxy, and so does it to a second one.</param>
    public SimulatedHttpWorld(
        ulong seed,
        SimulationOptions? options = null,
        Func<HttpConnectionManagerSettings, HttpConnectionManagerSettings>? configure = null,
        Func<ForwardAction, ForwardAction>? route = null,
        Func<Cluster, Cluster>? cluster = null,
        Action<TransportConnection>? upstream = null,
        int hops = 1,
        bool speaksTls = false)
    {
        _speaksTls = speaksTls;
        Network = new SimulatedNetwork(seed, options);
        configure ??= static settings => settings;
        route ??= static action => action;
        cluster ??= static model => model;
        if (hops == 2)
        {
            Func<Cluster, Cluster> said = cluster;
            UpstreamTls? tls = speaksTls ? SimulatedTls.Upstream : null;
            cluster = model => said(model) with { Protocol = UpstreamProtocol.Http2, Tls = tls };
        }

        First = new SimulatedProxy(
            Network, s_proxy, hops == 2 ? SecondTarget : UpstreamTarget, configure, route, cluster,
            speaksTls);
        ClientReactor = Network.AddReactor();
        _upstreamReactor = Network.AddReactor();
        if (hops == 2)
        {
            Second = new SimulatedProxy(
                Network, s_second, UpstreamTarget, static settings => settings, static action => action,
                static model => model, speaksTls);
        }

        Upstream = new ScriptedUpstream(Network);
        Transports.Listen(_upstreamReactor, new ListenOptions { Address = s_upstream }, upstream ?? Upstream.Accept);
    }

    private static SocketTarget UpstreamTarget => new("10.0.0.2", 8080);

    private static SocketTarget SecondTarget => new("10.0.0.3", 80);

    /// <summary>The proxy that clients meet.</summary>
    public SimulatedProxy First { get; }

    /// <summary>The one behind it, if there are two.</summary>
    public SimulatedProxy? Second { get; }

    public SimulatedNetwork Network { get; }

    public Reactor ProxyReactor => First.Reactor;

    public Reactor ClientReactor { get; }

    public HttpManagerSlot Slot => First.Slot;

    /// <summary>Every connection that the proxy accepted.</summary>
    public List<AcceptedConnection> Accepted => First.Accepted;

    public ScriptedUpstream Upstream { get; }

    public HttpStats Stats => First.Stats;

    public ClusterStats ClusterStats => First.ClusterStats;

    public Http2Stats Http2Stats => First.Http2Stats;

    /// <summary>Connects a client; run the network until it is done.</summary>
    public async Task<HttpPeer> ConnectAsync()
    {
        return new HttpPeer(await ConnectTransportAsync());
    }

    /// <summary>Connects a client that speaks HTTP/2 from its first byte.</summary>
    public async Task<Http2Client> ConnectHttp2Async(Http2Limits? limits = null)
    {
        return new Http2Client(await ConnectTransportAsync(), limits);
    }

    private async Task<TransportConnection> ConnectTransportAsync()
    {
        ConnectResult result = await Transports.ConnectAsync(ClientReactor, new ConnectOptions { Address = s_proxy });
        TransportConnection connection =
            result.Connection ?? throw new InvalidOperationException(result.Error.Text);
        return _speaksTls ? await SimulatedTls.ConnectAsync(connection) : connection;
    }

    /// <summary>Runs a client's script to its end in virtual time.</summary>
    /// <exception cref="TimeoutException">It did not end.</exception>
    public T Run<T>(Task<T> script, long timeMaxMs = 600_000)
    {
        if (!Network.RunUntil(() => script.IsCompleted, timeMaxMs))
        {
            throw new TimeoutException("the script hangs");
        }

        return script.GetAwaiter().GetResult();
    }

    /// <summary>Lets virtual time pass for a client.</summary>
    public Task SleepAsync(long ms)
    {
        var slept = new TaskCompletionSource();
        var timer = new ReactorTimer(static state => ((TaskCompletionSource)state!).SetResult(), slept);
        ClientReactor.Timers.Schedule(timer, ms);
        return slept.Task;
    }

    /// <summary>Sends raw bytes on a new connection and returns all that comes back until the proxy closes.</summary>
    public string Exchange(string request, bool endAfterwards = false) => Run(ExchangeAsync(request, endAfterwards));

    private async Task<string> ExchangeAsync(string request, bool endAfterwards)
    {
        HttpPeer peer = await ConnectAsync();
        await peer.SendAsync(request);
        if (endAfterwards)
        {
            peer.Connection.Writer.ShutdownWrite();
        }

        return await peer.ReadToEndAsync();
    }
}

/// <summary>A response as a client reads it.</summary>
internal sealed record PeerResponse(int Status, string Head, string Body, bool IsWhole)
{
    public string? Field(string name)
    {
        foreach (string line in Head.Split("\r\n"))
        {
            if (line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
            {
                return line[(name.Length + 1)..].Trim();
            }
        }

        return null;
    }
}

/// <summary>
/// A deliberately simple HTTP/1.1 peer on strings: slow, obvious, independent of the codec under test.
/// </summary>
internal sealed class HttpPeer(TransportConnection connection)
{
    private readonly StringBuilder _buffer = new();

    public TransportConnection Connection => connection;

    public async Task SendAsync(string text)
    {
        connection.Writer.Append(Encoding.Latin1.GetBytes(text));
        await connection.Writer.FlushAsync();
    }

    /// <summary>Reads a head; null when the connection ended before one was whole.</summary>
    public async Task<string?> ReadHeadAsync()
    {
        while (true)
        {
            string text = _buffer.ToString();
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                _buffer.Remove(0, end + 4);
                return text[..(end + 2)];
            }

            if (!await FillAsync())
            {
                return null;
            }
        }
    }

    /// <summary>Waits until something comes, and leaves it there.</summary>
    public async Task WaitForBytesAsync()
    {
        System.IO.Pipelines.ReadResult read = await connection.Reader.ReadAsync();
        connection.Reader.AdvanceTo(read.Buffer.Start);
    }

    /// <summary>Reads a body of so many characters; shorter when the connection ended.</summary>
    public async Task<string> ReadAsync(int count)
    {
        while (_buffer.Length < count && await FillAsync())
        {
        }

        int take = Math.Min(count, _buffer.Length);
        string text = _buffer.ToString(0, take);
        _buffer.Remove(0, take);
        return text;
    }

    public async Task<string> ReadToEndAsync()
    {
        while (await FillAsync())
        {
        }

        string text = _buffer.ToString();
        _buffer.Clear();
        return text;
    }

    /// <summary>Reads a chunked body; false when it was cut or broken.</summary>
    public async Task<(string Body, bool IsWhole)> ReadChunkedAsync()
    {
        var body = new StringBuilder();
        while (true)
        {
            string line = await ReadLineAsync();
            if (!int.TryParse(line, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int size))
            {
                return (body.ToString(), false);
            }

            if (size == 0)
            {
                while (line.Length > 0)
                {
                    line = await ReadLineAsync();
                }

                return (body.ToString(), true);
            }

            string data = await ReadAsync(size);
            body.Append(data);
            if (data.Length < size || (await ReadAsync(2)) != "\r\n")
            {
                return (body.ToString(), false);
            }
        }
    }

    public async Task<PeerResponse?> ReadResponseAsync(string method = "GET")
    {
        string? head = await ReadHeadAsync();
        if (head is null)
        {
            return null;
        }

        int status = int.Parse(head.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
        var response = new PeerResponse(status, head, "", true);
        if (method == "HEAD" || status is < 200 or 204 or 304)
        {
            return response;
        }

        if (response.Field("content-length") is { } length)
        {
            int count = int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture);
            string body = await ReadAsync(count);
            return response with { Body = body, IsWhole = body.Length == count };
        }

        if (response.Field("transfer-encoding") == "chunked")
        {
            (string body, bool isWhole) = await ReadChunkedAsync();
            return response with { Body = body, IsWhole = isWhole };
        }

        string rest = await ReadToEndAsync();
        return response with { Body = rest, IsWhole = connection.Error.IsNone };
    }

    private async Task<string> ReadLineAsync()
    {
        while (true)
        {
            string text = _buffer.ToString();
            int end = text.IndexOf("\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                _buffer.Remove(0, end + 2);
                return text[..end];
            }

            if (!await FillAsync())
            {
                return "cut";
            }
        }
    }

    private async Task<bool> FillAsync()
    {
        System.IO.Pipelines.ReadResult read = await connection.Reader.ReadAsync();
        foreach (ReadOnlyMemory<byte> segment in read.Buffer)
        {
            _buffer.Append(Encoding.Latin1.GetString(segment.Span));
        }

        bool got = !read.Buffer.IsEmpty;
        connection.Reader.AdvanceTo(read.Buffer.End);
        return got || !read.IsCompleted;
    }
}
