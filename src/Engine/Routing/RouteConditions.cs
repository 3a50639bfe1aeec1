using System;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>What a match may depend on besides the request head.</summary>
/// <param name="Random">A fresh random number, for <c>runtime_fraction</c>.</param>
/// <param name="IsSecure">The downstream connection is encrypted.</param>
/// <param name="IsInternal">The request comes from inside (<c>require_tls: EXTERNAL_ONLY</c>).</param>
internal readonly record struct RouteContext(ulong Random, bool IsSecure, bool IsInternal = false);

/// <summary>What a rule asks beyond its path; a rule without any has none of these objects.</summary>
internal sealed class RouteConditions
{
    /// <summary>The expression of the path, or null.</summary>
    public Re2Pattern? Pattern { get; init; }

    /// <summary>The names the field tests are numbered by.</summary>
    public required FieldNames Names { get; init; }

    /// <summary>Tests of fields.</summary>
    public FieldTest[] Fields { get; init; } = [];

    /// <summary>Tests of the query.</summary>
    public QueryTest[] Query { get; init; } = [];

    /// <summary>Only gRPC.</summary>
    public bool Grpc { get; init; }

    /// <summary>The share of requests, or null.</summary>
    public RuntimeFraction? Fraction { get; init; }

    /// <summary>True when there is no condition.</summary>
    public bool IsEmpty =>
        Pattern is null && Fields.Length == 0 && Query.Length == 0 && !Grpc && Fraction is null;

    /// <summary>Whether all conditions hold.</summary>
    /// <param name="head">The request.</param>
    /// <param name="path">Its path as the index saw it.</param>
    /// <param name="context">The rest.</param>
    /// <param name="scratch">The thread's; its scan belongs to this request.</param>
    public bool Hold(RequestHead head, ReadOnlySpan<byte> path, in RouteContext context, RouteScratch scratch)
    {
        if (Fraction is not null && context.Random % Fraction.Denominator >= Fraction.Numerator)
        {
            return false;
        }

        if (Grpc && !GrpcCalls.IsCall(head.Fields))
        {
            return false;
        }

        foreach (FieldTest test in Fields)
        {
            if (!test.IsMatch(head, Names, scratch))
            {
                return false;
            }
        }

        if (Query.Length > 0)
        {
            ReadOnlySpan<byte> query = head.Query;
            foreach (QueryTest test in Query)
            {
                if (!test.IsMatch(query))
                {
                    return false;
                }
            }
        }

        return Pattern is null || Pattern.IsMatch(path);
    }
}
