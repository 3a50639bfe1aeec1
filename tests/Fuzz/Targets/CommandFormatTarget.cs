using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;
using FastMesh.Tests.Fuzz.Engine;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// Format texts: refused with a reason or written; a short room takes a beginning of the whole; JSON stays JSON.
/// </summary>
internal sealed class CommandFormatTarget : FuzzTarget
{
    // What is written must fit the room; a format in a configuration is shorter.
    private const int FormatBytesMax = 2000;

    private readonly ExchangeRecord _record = Record();
    private readonly byte[] _room = new byte[64 * 1024];
    private readonly byte[] _short = new byte[64];

    public override string Name => "command-format";

    public override IEnumerable<byte[]> Seeds =>
        new[]
        {
            AccessLog.DefaultFormat, AccessLog.IstioFormat, "%START_TIME(%Y/%m/%d %H:%M:%S.%3f)%", "%REQ(X?Y):3%%%",
            "%REQ_WITHOUT_QUERY(:PATH):9%", "%ENVIRONMENT(HOME)%", "%FILTER_STATE(a:b)%", "a%RESP(SERVER)%b",
        }.Select(Words.Latin);

    public override IReadOnlyList<byte[]> Dictionary { get; } =
        [.. FormatOperators.Known.Split(", ").Concat(["%", "(", "):5%", "%E3S"]).Select(Words.Latin)];

    public override int Run(byte[] input)
    {
        string text =
            Encoding.Latin1.GetString(input, 0, Math.Min(input.Length, FormatBytesMax));
        string doubled = text.Replace("%", "%%", StringComparison.Ordinal);
        Holds(CommandFormat.TryCompile(doubled, out CommandFormat? plain, out _), "plain text is refused");
        Same("plain text", text, Written(plain!));
        if (!CommandFormat.TryCompile(text, out CommandFormat? format, out string problem))
        {
            Holds(problem.Length > 0, "a refusal without a reason");
            return problem.Length % 64;
        }

        int whole = format!.Write(_room, _record);
        if (whole < _room.Length)
        {
            int cut = format.Write(_short.AsSpan(0, input.Length % (_short.Length + 1)), _record);
            Holds(_room.AsSpan(0, whole).StartsWith(_short.AsSpan(0, cut)), "a short room holds something else");
        }

        return 64 + (int)Math.Min(60, Json(text));
    }

    private string Written(CommandFormat format) => Encoding.UTF8.GetString(_room, 0, format.Write(_room, _record));

    private long Json(string text)
    {
        List<ConfigProblem> problems = [];
        JsonLogFormat? json = JsonLogFormat.Compile([new JsonLogMember("m", text, [])], false, "json", problems);
        Holds(json is not null, "JSON refuses what text takes");
        ByteWriter writer = new(_room);
        json!.Write(ref writer, _record);
        Holds(!writer.Overflowed, "a value is longer than its bound");
        using JsonDocument document = JsonDocument.Parse(_room.AsMemory(0, writer.Length));
        return (long)document.RootElement.GetProperty("m").ValueKind;
    }

    private static ExchangeRecord Record()
    {
        RequestHead request = new();
        request.SetMethod("GET"u8);
        request.SetAuthority("a.example"u8);
        request.SetPath("/p?q=1"u8);
        request.Fields.Append("x"u8, [(byte)'"', 0xFF, (byte)'\\', (byte)'v']);
        return new ExchangeRecord
        {
            Request = request,
            Response = new ResponseHead { StatusCode = 200 },
            StartUtcMs = 1769846950123,
            StartUs = 10,
            EndUs = 5_000,
            ResponseCode = 200,
            Protocol = HttpVersion.Http11,
            DownstreamRemote = NetAddress.FromIPv4(0x7F000001, 80),
            Flags = ResponseFlags.NoRouteFound,
            RouteName = "é",
        };
    }
}
