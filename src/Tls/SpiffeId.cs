using System;

namespace FastMesh.Tls;

/// <summary>
/// The name of a workload: <c>spiffe://trust-domain/path</c> (SPIFFE-ID §2). The grammar is kept strictly: no port,
/// user, query, fragment, percent-encoding, empty or dot segments, and no upper case in the trust domain.
/// </summary>
public sealed record SpiffeId
{
    /// <summary>The most bytes of an ID (SPIFFE-ID §2.3).</summary>
    public const int BytesMax = 2048;

    /// <summary>The most bytes of a trust domain (SPIFFE-ID §2.1).</summary>
    public const int TrustDomainBytesMax = 255;

    private const string Scheme = "spiffe://";

    private SpiffeId(string trustDomain, string path)
    {
        TrustDomain = trustDomain;
        Path = path;
    }

    /// <summary>The trust domain, in lower case.</summary>
    public string TrustDomain { get; }

    /// <summary>What stands behind it: empty, or segments each with a slash before it.</summary>
    public string Path { get; }

    /// <summary>The namespace of <c>/ns/NAMESPACE/sa/ACCOUNT</c>; empty when the path has another form.</summary>
    public string Namespace => Segment(2);

    /// <summary>The service account of <c>/ns/NAMESPACE/sa/ACCOUNT</c>; empty when the path has another form.</summary>
    public string ServiceAccount => Segment(4);

    /// <summary>Whether a text claims to be a SPIFFE ID: its scheme says so, in any case.</summary>
    public static bool HasScheme(ReadOnlySpan<char> text) =>
        text.StartsWith("spiffe:", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads an ID; null when the text is none, and then <paramref name="problem"/> says why.</summary>
    public static SpiffeId? Parse(ReadOnlySpan<char> text, out string? problem)
    {
        problem = Check(text, out int domainLength);
        return problem is null
            ? new SpiffeId(
                text.Slice(Scheme.Length, domainLength).ToString(), text[(Scheme.Length + domainLength)..].ToString())
            : null;
    }

    /// <summary>The ID of a service account, as Istio forms it.</summary>
    /// <exception cref="ArgumentException">A part has letters that an ID cannot hold.</exception>
    public static SpiffeId OfServiceAccount(string trustDomain, string workloadNamespace, string serviceAccount) =>
        Parse($"{Scheme}{trustDomain}/ns/{workloadNamespace}/sa/{serviceAccount}", out string? problem)
            ?? throw new ArgumentException(problem);

    /// <inheritdoc/>
    public override string ToString() => string.Concat(Scheme, TrustDomain, Path);

    private static string? Check(ReadOnlySpan<char> text, out int domainLength)
    {
        domainLength = 0;
        if (text.Length > BytesMax)
        {
            return $"a SPIFFE ID has at most {BytesMax} bytes, this one {text.Length}";
        }

        if (!text.StartsWith(Scheme, StringComparison.Ordinal))
        {
            return "a SPIFFE ID begins with spiffe://";
        }

        ReadOnlySpan<char> rest = text[Scheme.Length..];
        int slash = rest.IndexOf('/');
        ReadOnlySpan<char> domain = slash < 0 ? rest : rest[..slash];
        domainLength = domain.Length;
        if (domain.Length is 0 or > TrustDomainBytesMax)
        {
            return $"a trust domain has 1 to {TrustDomainBytesMax} bytes, this one {domain.Length}";
        }

        foreach (char letter in domain)
        {
            if (!(char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '.' or '-' or '_'))
            {
                return "a trust domain has only a-z, 0-9, dot, dash and underscore";
            }
        }

        return slash < 0 ? null : CheckPath(rest[slash..]);
    }

    private static string? CheckPath(ReadOnlySpan<char> path)
    {
        while (!path.IsEmpty)
        {
            path = path[1..];
            int slash = path.IndexOf('/');
            ReadOnlySpan<char> segment = slash < 0 ? path : path[..slash];
            if (segment.IsEmpty || segment is "." or "..")
            {
                return "the path of a SPIFFE ID has no empty and no dot segments";
            }

            foreach (char letter in segment)
            {
                if (!(char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_'))
                {
                    return "the path of a SPIFFE ID has only letters, digits, dot, dash and underscore";
                }
            }

            path = slash < 0 ? default : path[slash..];
        }

        return null;
    }

    private string Segment(int index)
    {
        string[] parts = Path.Split('/');
        return parts.Length == 5 && parts[1] == "ns" && parts[3] == "sa" ? parts[index] : string.Empty;
    }
}
