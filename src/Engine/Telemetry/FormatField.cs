using System;
using System.Text;
using FastMesh.Protocols;

namespace FastMesh.Engine.Telemetry;

/// <summary>Where the value of a field stands in a head.</summary>
internal enum FormatFieldSource : byte
{
    /// <summary>Not given.</summary>
    None,

    /// <summary>A field the proxy knows, found by one mask test when it is absent.</summary>
    Known,

    /// <summary>Any other field.</summary>
    Name,

    /// <summary><c>:path</c>.</summary>
    Path,

    /// <summary><c>:method</c>.</summary>
    Method,

    /// <summary><c>:authority</c>, and <c>host</c>, which is kept there.</summary>
    Authority,

    /// <summary><c>:scheme</c>.</summary>
    Scheme,
}

/// <summary>The name in <c>%REQ(name)%</c>, resolved when the format is compiled.</summary>
internal readonly struct FormatField
{
    private readonly byte[] _name;
    private readonly KnownField _known;

    private FormatField(FormatFieldSource source, KnownField known, byte[] name)
    {
        Source = source;
        _known = known;
        _name = name;
    }

    public FormatFieldSource Source { get; }

    public static FormatField Create(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name.ToLowerInvariant());
        KnownField known = KnownFields.Parse(bytes);
        FormatFieldSource source = name.ToLowerInvariant() switch
        {
            ":path" => FormatFieldSource.Path,
            ":method" => FormatFieldSource.Method,
            ":authority" or "host" => FormatFieldSource.Authority,
            ":scheme" => FormatFieldSource.Scheme,
            _ => known == KnownField.None ? FormatFieldSource.Name : FormatFieldSource.Known,
        };
        return new FormatField(source, known, bytes);
    }

    /// <summary>The value in a request; empty when absent.</summary>
    public ReadOnlySpan<byte> Of(RequestHead head) => Source switch
    {
        FormatFieldSource.Path => head.Path,
        FormatFieldSource.Method => head.MethodBytes,
        FormatFieldSource.Authority => head.Authority,
        FormatFieldSource.Scheme => head.Scheme,
        _ => Of(head.Fields),
    };

    /// <summary>The value in a list of fields; empty when absent.</summary>
    public ReadOnlySpan<byte> Of(HttpFields fields)
    {
        ReadOnlySpan<byte> value = default;
        switch (Source)
        {
            case FormatFieldSource.Known: fields.TryGet(_known, out value); break;
            case FormatFieldSource.Name: fields.TryGet(_name, out value); break;
            default: break;
        }

        return value;
    }
}
