using BenchmarkDotNet.Attributes;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;

namespace FastMesh.Bench.Micro;

/// <summary>The header table and the buffer pool: what every request touches.</summary>
[MemoryDiagnoser]
public class TableBenchmarks
{
    private readonly HttpFields _fields = new();
    private readonly HttpFields _filled = new();
    private readonly BufferPool _pool = new(new BufferBudget(BufferBudget.DefaultBytes));

    [GlobalSetup]
    public void Setup() => Fill(_filled);

    [Benchmark]
    public int FillTenFields()
    {
        _fields.Clear();
        Fill(_fields);
        return _fields.Count;
    }

    [Benchmark]
    public int FindKnown() => _filled.Find(KnownField.XRequestId);

    [Benchmark]
    public int FindByName() => _filled.Find("X-Custom-Last"u8);

    [Benchmark]
    public int FindNothing() => _filled.Find("X-Not-There"u8);

    [Benchmark]
    public int RentAndReturn()
    {
        var small = _pool.Rent(BufferSize.Small);
        var medium = _pool.Rent(BufferSize.Medium);
        _pool.Return(small);
        _pool.Return(medium);
        return 2;
    }

    private static void Fill(HttpFields fields)
    {
        fields.Append("User-Agent"u8, "bench/1"u8);
        fields.Append("Accept"u8, "*/*"u8);
        fields.Append("Accept-Encoding"u8, "gzip, deflate, br"u8);
        fields.Append("Accept-Language"u8, "en"u8);
        fields.Append("Cookie"u8, "session=0123456789abcdef"u8);
        fields.Append("Referer"u8, "https://shop.example.com/"u8);
        fields.Append("X-Forwarded-For"u8, "203.0.113.7"u8);
        fields.Append("X-Request-Id"u8, "3f1f4e9e-8a8e-4d3e-9d8b-0a51d9b1c111"u8);
        fields.Append("traceparent"u8, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"u8);
        fields.Append("X-Custom-Last"u8, "1"u8);
    }
}
