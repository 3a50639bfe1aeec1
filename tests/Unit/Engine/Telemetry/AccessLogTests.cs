using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Text.Json;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Telemetry;

public sealed class AccessLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fastmesh-log").FullName;
    private readonly AccessLogSinks _sinks = new(2, NullLogger.Instance);

    private string LogPath => Path.Combine(_folder, "access.log");

    public void Dispose()
    {
        _sinks.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void Write_TwoReactors_BothReachTheFile()
    {
        AccessLog log = Compile(Settings() with { TextFormat = "%RESPONSE_CODE%\n" });
        log.Write(new ExchangeRecord { ResponseCode = 200 }, 0);
        log.Write(new ExchangeRecord { ResponseCode = 404 }, 1);
        Assert.Equal("200\n404\n", Lines());
    }

    [Fact]
    public void Write_FormatWithoutNewline_EndsTheLine()
    {
        AccessLog log = Compile(Settings() with { TextFormat = "%RESPONSE_CODE%" });
        log.Write(new ExchangeRecord { ResponseCode = 200 }, 0);
        log.Write(new ExchangeRecord { ResponseCode = 201 }, 0);
        Assert.Equal("200\n201\n", Lines());
    }

    [Fact]
    public void Write_LineTooLong_IsCutAndEnds()
    {
        AccessLog log = Compile(Settings() with { TextFormat = new string('x', 2 * AccessLog.LineBytesMax) + "\n" });
        log.Write(new ExchangeRecord(), 0);
        log.Write(new ExchangeRecord(), 0);
        string[] lines = Lines().Split('\n');
        const int Longest = AccessLog.LineBytesMax - 1;
        Assert.Equal([Longest, Longest, 0], Array.ConvertAll(lines, line => line.Length));
    }

    [Fact]
    public void Open_TwoLogsOfOneFile_ShareIt()
    {
        Assert.Same(_sinks.Open(Settings()), _sinks.Open(Settings() with { TextFormat = "other" }));
    }

    [Fact]
    public void LogFile_MovedAway_GoesOnInOldUntilClosed()
    {
        LogFile file = new(LogPath);
        Assert.Equal(0, file.Write("a\n"u8));
        File.Move(LogPath, LogPath + ".1");
        Assert.Equal(0, file.Write("b\n"u8));
        file.Close();
        Assert.Equal(0, file.Write("c\n"u8));
        file.Close();
        Assert.Equal("a\nb\n", File.ReadAllText(LogPath + ".1"));
        Assert.Equal("c\n", File.ReadAllText(LogPath));
    }

    [Fact]
    public void LogFile_Truncated_AppendsAtItsNewEnd()
    {
        LogFile file = new(LogPath);
        file.Write("a long first line\n"u8);
        File.WriteAllText(LogPath, "");
        file.Write("b\n"u8);
        file.Close();
        Assert.Equal("b\n", File.ReadAllText(LogPath));
    }

    [Fact]
    public void Write_FileThatCannotBeOpened_LosesLinesAndCountsThem()
    {
        AccessLog log = Compile(Settings() with { Path = Path.Combine(_folder, "no", "such", "folder") });
        log.Write(Records.Forwarded(), 0);
        log.Write(Records.Forwarded(), 0);
        Lines(read: false);
        Assert.Equal(2, _sinks.DroppedLines);
    }

    [Fact]
    public void Sink_NoLongerNamed_ClosesAfterItsLastLinesAndOpensForLaterOnes()
    {
        AccessLogSinkWriter sink = new(LogPath, 1, NullLogger.Instance) { RetiredIdleMs = 1 };
        Write(sink, "a\n"u8);
        Assert.True(sink.IsOpen);
        sink.SetInForce(false);
        WaitUntilClosed(sink);
        Assert.Equal("a\n", File.ReadAllText(LogPath));

        // A connection of the configuration before may end late.
        Write(sink, "b\n"u8);
        WaitUntilClosed(sink);
        Assert.Equal("a\nb\n", File.ReadAllText(LogPath));
        sink.Dispose();
    }

    private static void Write(AccessLogSinkWriter sink, ReadOnlySpan<byte> line)
    {
        line.CopyTo(sink.Reserve(0));
        sink.Commit(0, line.Length);
        sink.Flush(0);
    }

    private static void WaitUntilClosed(AccessLogSinkWriter sink)
    {
        while (sink.IsOpen)
        {
            System.Threading.Thread.Yield();
        }
    }

    [Fact]
    public void Write_WriterStuckInFifo_DropsAndNeverWaits()
    {
        Assert.Equal(0, Fifo.Make(LogPath, 0x180));
        AccessLog log = Compile(Settings() with { TextFormat = new string('x', 1000) + "\n" });
        int written = 0;
        while (_sinks.DroppedLines == 0)
        {
            Assert.True(written < 10_000, "the bound was never met");
            log.Write(new ExchangeRecord(), 0);
            written++;
        }

        // A reader frees the writer; every line is either in the FIFO or counted.
        using FileStream reader = new(LogPath, FileMode.Open, FileAccess.Read);
        long seen = 0;
        System.Threading.Thread drain = new(() =>
        {
            byte[] block = new byte[65536];
            for (int n = reader.Read(block); n > 0; n = reader.Read(block))
            {
                seen += block.AsSpan(0, n).Count((byte)'\n');
            }
        });
        drain.Start();
        _sinks.Flush(0);
        _sinks.Dispose();
        drain.Join();
        Assert.Equal(written, seen + _sinks.DroppedLines);
    }

    [Theory]
    [InlineData(404, 5, "NR", true)]
    [InlineData(200, 5, "NR", true)]
    [InlineData(200, 5, "", false)]
    [InlineData(500, 5, "", true)]
    [InlineData(500, 2000, "", false)]
    public void Filter_StatusAndDurationOrFlag_Selects(int status, long milliseconds, string flag, bool taken)
    {
        AccessLogFilter model = new OrLogFilter([
            new AndLogFilter([
                new StatusCodeLogFilter(ComparisonOperator.GreaterOrEqual, 400),
                new DurationLogFilter(ComparisonOperator.LessOrEqual, 1000)]),
            new ResponseFlagLogFilter(["NR", "UF"])]);
        List<ConfigProblem> problems = [];
        LogFilter filter = LogFilter.Compile(model, "filter", problems, LocalReplies.CompileField);
        Assert.Empty(problems);
        ResponseFlags flags = ResponseFlagNames.TryParse(flag, out ResponseFlags named) ? named : ResponseFlags.None;
        ExchangeRecord record = new()
        {
            ResponseCode = status, StartUs = 1, EndUs = 1 + (milliseconds * 1000), Flags = flags,
        };
        Assert.Equal(taken, filter.Takes(record));
    }

    [Fact]
    public void Compile_UnknownFlagAndOperator_AreProblems()
    {
        List<ConfigProblem> problems = [];
        AccessLogSettings settings = Settings() with
        {
            TextFormat = "%NOPE%",
            Filter = new ResponseFlagLogFilter(["QQ"]),
        };
        Assert.Null(AccessLog.Compile(settings, _sinks, "access_log[0]", problems, LocalReplies.CompileField));
        Assert.Collection(problems,
            problem => Assert.Equal("access_log[0].text_format", problem.Path),
            problem => Assert.Contains("QQ", problem.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Json_TypesAndAbsentValues_AreEnvoys()
    {
        Assert.Equal(
            "{\"code\":200,\"path\":\"/cart?id=7\",\"none\":null,\"mixed\":\"a -\",\"at\":{\"port\":80}}\n",
            JsonLine(omitsEmpty: false, Records.Forwarded()));
        Assert.Equal(
            "{\"code\":200,\"path\":\"/cart?id=7\",\"mixed\":\"a -\",\"at\":{\"port\":80}}\n",
            JsonLine(omitsEmpty: true, Records.Forwarded()));
    }

    [Fact]
    public void Json_AnyBytes_StayValid()
    {
        ExchangeRecord record = Records.Forwarded();
        record.Request!.SetPath([(byte)'/', (byte)'"', (byte)'\\', 0xC3, 0xA9]);
        Assert.Equal("/\"\\é", PathOf(JsonLine(omitsEmpty: false, record)));
    }

    [Fact]
    public void Json_BytesThatAreNoUtf8_AreLatin1()
    {
        ExchangeRecord record = Records.Forwarded();
        record.Request!.SetPath([(byte)'/', 0xE9]);
        Assert.Equal("/é", PathOf(JsonLine(omitsEmpty: false, record)));
    }

    [Fact]
    public void Json_LineTooLong_IsDroppedNotCut()
    {
        List<JsonLogMember> members = [];
        for (int i = 0; i < 8; i++)
        {
            members.Add(new JsonLogMember($"m{i}", new string('x', 4000), []));
        }

        AccessLog log = Compile(Settings() with { Json = [.. members] });
        log.Write(Records.Forwarded(), 0);
        Assert.Equal("", Lines(read: false));
        Assert.Equal(1, _sinks.DroppedLines);
    }

    private static string PathOf(string line) => JsonDocument.Parse(line).RootElement.GetProperty("path").GetString()!;

    private string JsonLine(bool omitsEmpty, ExchangeRecord record)
    {
        string path = Path.Combine(_folder, $"json-{omitsEmpty}.log");
        AccessLog log = Compile(Settings() with
        {
            Path = path,
            OmitEmptyValues = omitsEmpty,
            Json =
            [
                new JsonLogMember("code", "%RESPONSE_CODE%", []),
                new JsonLogMember("path", "%REQ(:PATH)%", []),
                new JsonLogMember("none", "%REQ(X-NONE)%", []),
                new JsonLogMember("mixed", "a %REQ(X-NONE)%", []),
                new JsonLogMember("at", null, [new JsonLogMember("port", "%DOWNSTREAM_LOCAL_PORT%", [])]),
            ],
        });
        log.Write(record, 0);
        AccessLogSinkWriter sink = _sinks.Open(Settings() with { Path = path });
        sink.Flush(0);
        sink.Dispose();
        return File.ReadAllText(path);
    }

    private AccessLogSettings Settings() => new() { Sink = AccessLogSinkKind.File, Path = LogPath };

    private AccessLog Compile(AccessLogSettings settings)
    {
        List<ConfigProblem> problems = [];
        AccessLog? log = AccessLog.Compile(
            settings, _sinks, "access_log", problems, LocalReplies.CompileField);
        Assert.Empty(problems);
        return log!;
    }

    private string Lines(bool read = true)
    {
        _sinks.Flush(0);
        _sinks.Flush(1);
        _sinks.Dispose();
        return read ? File.ReadAllText(LogPath, Encoding.UTF8) : "";
    }
}
