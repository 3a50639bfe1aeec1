using System;
using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using FastMesh.Protocols;
using FastMesh.Protocols.Http1;

namespace FastMesh.Bench.Micro;

/// <summary>Finding the end of a chunked body, by size of its chunks.</summary>
[MemoryDiagnoser]
public class FramingBenchmarks
{
    private const int BodyBytes = 64 * 1024;
    private readonly HttpFields _trailers = new();
    private byte[] _body = [];

    [Params(16, 1024, 16 * 1024)]
    public int ChunkBytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        StringBuilder text = new();
        for (int i = 0; i < BodyBytes; i += ChunkBytes)
        {
            text.Append(CultureInfo.InvariantCulture, $"{ChunkBytes:x}\r\n").Append('x', ChunkBytes).Append("\r\n");
        }

        _body = Encoding.ASCII.GetBytes(text.Append("0\r\n\r\n").ToString());
    }

    [Benchmark]
    public long Chunked64K()
    {
        Http1BodyDecoder decoder = default;
        decoder.Start(BodyLength.Chunked, _trailers, Http1Limits.Default);
        ReadOnlySpan<byte> input = _body;
        long data = 0;
        while (!decoder.IsComplete)
        {
            decoder.Decode(input, out int consumed, out _, out int length, out _);
            input = input[consumed..];
            data += length;
        }

        return data == BodyBytes ? data : throw new InvalidOperationException("the body is cut");
    }
}
