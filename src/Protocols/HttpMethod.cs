using System;

namespace FastMesh.Protocols;

/// <summary>
/// The methods the proxy treats by name (RFC 9110 §9.3, RFC 5789); all others are <see cref="Other"/>.
/// </summary>
public enum HttpMethod : byte
{
    /// <summary>Any other token; its bytes say which.</summary>
    Other,

    /// <summary>GET.</summary>
    Get,

    /// <summary>HEAD.</summary>
    Head,

    /// <summary>POST.</summary>
    Post,

    /// <summary>PUT.</summary>
    Put,

    /// <summary>DELETE.</summary>
    Delete,

    /// <summary>CONNECT.</summary>
    Connect,

    /// <summary>OPTIONS.</summary>
    Options,

    /// <summary>TRACE.</summary>
    Trace,

    /// <summary>PATCH.</summary>
    Patch,
}

/// <summary>Names of methods and what they promise.</summary>
public static class HttpMethods
{
    /// <summary>The method that these bytes name; methods are case-sensitive (RFC 9110 §9.1).</summary>
    public static HttpMethod Parse(ReadOnlySpan<byte> name)
    {
        switch (name.Length)
        {
            case 3:
                return name.SequenceEqual("GET"u8) ? HttpMethod.Get
                    : name.SequenceEqual("PUT"u8) ? HttpMethod.Put : HttpMethod.Other;
            case 4:
                return name.SequenceEqual("POST"u8) ? HttpMethod.Post
                    : name.SequenceEqual("HEAD"u8) ? HttpMethod.Head : HttpMethod.Other;
            case 5:
                return name.SequenceEqual("PATCH"u8) ? HttpMethod.Patch
                    : name.SequenceEqual("TRACE"u8) ? HttpMethod.Trace : HttpMethod.Other;
            case 6:
                return name.SequenceEqual("DELETE"u8) ? HttpMethod.Delete : HttpMethod.Other;
            case 7:
                return name.SequenceEqual("OPTIONS"u8) ? HttpMethod.Options
                    : name.SequenceEqual("CONNECT"u8) ? HttpMethod.Connect : HttpMethod.Other;
            default:
                return HttpMethod.Other;
        }
    }

    /// <summary>The bytes of a named method; empty for <see cref="HttpMethod.Other"/>.</summary>
    public static ReadOnlySpan<byte> Name(HttpMethod method) => method switch
    {
        HttpMethod.Get => "GET"u8,
        HttpMethod.Head => "HEAD"u8,
        HttpMethod.Post => "POST"u8,
        HttpMethod.Put => "PUT"u8,
        HttpMethod.Delete => "DELETE"u8,
        HttpMethod.Connect => "CONNECT"u8,
        HttpMethod.Options => "OPTIONS"u8,
        HttpMethod.Trace => "TRACE"u8,
        HttpMethod.Patch => "PATCH"u8,
        _ => default,
    };

    /// <summary>True for GET, HEAD, OPTIONS and TRACE (RFC 9110 §9.2.1).</summary>
    public static bool IsSafe(HttpMethod method) =>
        method is HttpMethod.Get or HttpMethod.Head or HttpMethod.Options or HttpMethod.Trace;

    /// <summary>True for the safe methods, PUT and DELETE (RFC 9110 §9.2.2).</summary>
    public static bool IsIdempotent(HttpMethod method) =>
        IsSafe(method) || method is HttpMethod.Put or HttpMethod.Delete;
}
