using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using FastMesh.Engine;
using FastMesh.Proxy.Hosting;
using FastMesh.Proxy.Redirect;
using Serilog.Events;

namespace FastMesh.Proxy.Commands;

/// <summary><c>fastmesh proxy -c FILE</c>.</summary>
internal sealed class ProxyCommand
{
    private const int ConcurrencyMost = 1024;

    private readonly Option<string> _config = new("--config-path", "-c")
    {
        Description = "Envoy v3 bootstrap, YAML or JSON.",
        Required = true,
    };

    private readonly Option<string> _mode = Text("--mode", "serve", "serve, or validate: tell problems, start nothing.");
    private readonly Option<string> _concurrency = Text("--concurrency", "0", "Reactors; 0 is one per core.");
    private readonly Option<string> _transport = Text("--transport", "auto", "auto, uring or epoll.");
    private readonly Option<string> _logLevel =
        Text("--log-level", "info", "trace, debug, info, warning, error, critical or off.");

    private readonly Option<string> _drainTime =
        Text("--drain-time", "45s", "How long in-flight work may take after SIGTERM, as 500ms, 45s or 2m.");

    private ProxyCommand()
    {
    }

    public static void Build(Command command)
    {
        ProxyCommand proxy = new();
        foreach (Option option in new Option[]
        {
            proxy._config, proxy._mode, proxy._concurrency, proxy._transport, proxy._logLevel, proxy._drainTime,
        })
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, _) =>
        {
            TextWriter error = parsed.InvocationConfiguration.Error;
            List<string> problems = [];
            ProxyOptions options = proxy.Read(parsed, problems);
            foreach (string problem in problems)
            {
                await error.WriteLineAsync("fastmesh proxy: " + problem);
            }

            return problems.Count > 0
                ? ExitCodes.Usage
                : await Bootstrap.RunAsync(options, parsed.InvocationConfiguration.Output, error);
        });
    }

    private ProxyOptions Read(ParseResult parsed, List<string> problems)
    {
        string transportText = parsed.GetValue(_transport)!;
        EngineTransport transport = transportText switch
        {
            "auto" => EngineTransport.Auto,
            "uring" => EngineTransport.Uring,
            "epoll" => EngineTransport.Epoll,
            _ => (EngineTransport)(-1),
        };
        if (!Enum.IsDefined(transport))
        {
            problems.Add($"--transport: \"{transportText}\" is none of auto, uring, epoll");
        }

        string mode = parsed.GetValue(_mode)!;
        if (mode is not ("serve" or "validate"))
        {
            problems.Add($"--mode: \"{mode}\" is neither serve nor validate");
        }

        if (!Numbers.TryRead(parsed.GetValue(_concurrency)!, 0, ConcurrencyMost, out int concurrency))
        {
            problems.Add($"--concurrency: \"{parsed.GetValue(_concurrency)}\" is not a number from 0 to {ConcurrencyMost}");
        }

        if (!HostLog.TryParseLevel(parsed.GetValue(_logLevel)!, out LogEventLevel level))
        {
            problems.Add($"--log-level: \"{parsed.GetValue(_logLevel)}\" is no level");
        }

        if (!Durations.TryParse(parsed.GetValue(_drainTime)!, out TimeSpan drainTime))
        {
            problems.Add($"--drain-time: \"{parsed.GetValue(_drainTime)}\" is not a duration; write 500ms, 45s or 2m");
        }

        return new ProxyOptions
        {
            ConfigPath = parsed.GetValue(_config)!,
            ValidateOnly = mode == "validate",
            Concurrency = concurrency,
            Transport = transport,
            LogLevel = level,
            DrainTime = drainTime,
        };
    }

    private static Option<string> Text(string name, string preset, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => preset };
}
