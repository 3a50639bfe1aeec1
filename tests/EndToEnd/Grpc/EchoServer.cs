using System;
using System.Threading.Tasks;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FastMesh.Tests.EndToEnd.Grpc;

/// <summary>Grpc.AspNetCore on a Unix socket, without TLS.</summary>
internal sealed class EchoServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private EchoServer(WebApplication application) => _application = application;

    /// <summary>Calls that ended because their client, or its proxy, said so.</summary>
    public EchoCalls Calls { get; } = new();

    public static async Task<EchoServer> StartAsync(string socket)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.ListenUnixSocket(socket, static listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc(static options => options.MaxReceiveMessageSize = null);
        EchoServer? server = null;
        builder.Services.AddSingleton(_ => server!.Calls);
        WebApplication application = builder.Build();
        server = new EchoServer(application);
        application.MapGrpcService<EchoService>();
        await application.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync() => await _application.DisposeAsync();
}

/// <summary>What the service saw.</summary>
internal sealed class EchoCalls
{
    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Echoes; "fail" answers with a status, "hang" waits for the end of the call.</summary>
internal sealed class EchoService(EchoCalls calls) : Echo.EchoBase
{
    public override async Task<Note> Unary(Note request, ServerCallContext context)
    {
        await context.WriteResponseHeadersAsync(new Metadata { { "x-head", "h" } });
        context.ResponseTrailers.Add("x-tail", context.RequestHeaders.GetValue("x-ask") ?? "none");
        if (request.Text == "hang")
        {
            await HangAsync(context);
        }

        return request.Text == "fail"
            ? throw new RpcException(new Status(StatusCode.FailedPrecondition, "not 100 % good: ü"))
            : request;
    }

    public override async Task Down(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        for (int i = 0; i < request.Count; i++)
        {
            await responseStream.WriteAsync(new Note { Text = request.Text, Count = i, Payload = request.Payload });
        }
    }

    public override async Task<Note> Up(IAsyncStreamReader<Note> requestStream, ServerCallContext context)
    {
        Note sum = new();
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            sum.Count += requestStream.Current.Count;
        }

        return sum;
    }

    public override async Task Both(
        IAsyncStreamReader<Note> requestStream, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            await responseStream.WriteAsync(requestStream.Current);
        }
    }

    private async Task HangAsync(ServerCallContext context)
    {
        try
        {
            await Task.Delay(-1, context.CancellationToken);
        }
        finally
        {
            calls.Cancelled.TrySetResult();
        }
    }
}
