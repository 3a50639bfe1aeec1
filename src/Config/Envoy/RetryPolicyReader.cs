using System;
using System.Collections.Generic;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.route.v3.RetryPolicy.</summary>
internal static class RetryPolicyReader
{
    private const string Package = "envoy.config.route.v3.RetryPolicy";
    private const string PreviousHosts = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";

    private static readonly Dictionary<string, RetryConditions> s_conditions = new()
    {
        ["5xx"] = RetryConditions.ServerError,
        ["gateway-error"] = RetryConditions.GatewayError,
        ["reset"] = RetryConditions.Reset,
        ["reset-before-request"] = RetryConditions.ResetBeforeRequest,
        ["connect-failure"] = RetryConditions.ConnectFailure,
        ["refused-stream"] = RetryConditions.RefusedStream,
        ["retriable-4xx"] = RetryConditions.Retriable4xx,
        ["retriable-status-codes"] = RetryConditions.RetriableStatusCodes,
        ["envoy-ratelimited"] = RetryConditions.EnvoyRateLimited,
        ["cancelled"] = RetryConditions.GrpcCancelled,
        ["deadline-exceeded"] = RetryConditions.GrpcDeadlineExceeded,
        ["internal"] = RetryConditions.GrpcInternal,
        ["resource-exhausted"] = RetryConditions.GrpcResourceExhausted,
        ["unavailable"] = RetryConditions.GrpcUnavailable,

        // HTTP/3 is not spoken upstream, so this never happens.
        ["http3-post-connect-failure"] = RetryConditions.None,
    };

    /// <summary>Reads the policy of a route or virtual host.</summary>
    public static RetryPolicy Read(Element element)
    {
        Message message = element.AsMessage(Package);
        var policy = new RetryPolicy
        {
            Conditions = message.Take("retry_on") is { } conditions ? ReadConditions(conditions) : default,
            NumRetries = message.Number("num_retries", 1),
            PerTryTimeout = message.Duration("per_try_timeout", TimeSpan.Zero),
            HostSelectionAttempts = message.Number("host_selection_retry_max_attempts", 1, min: 1),
            StatusCodes = ReadStatusCodes(message),
        };
        foreach (Element predicate in message.Repeated("retry_host_predicate"))
        {
            policy = policy with { AvoidPreviousHosts = ReadPredicate(predicate) || policy.AvoidPreviousHosts };
        }

        if (message.Take("retry_back_off") is { } backOff)
        {
            policy = ReadBackOff(backOff, policy);
        }

        message.End();
        return policy;
    }

    private static RetryConditions ReadConditions(Element element)
    {
        RetryConditions conditions = RetryConditions.None;
        foreach (string name in element.AsText().Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (s_conditions.TryGetValue(name, out RetryConditions condition))
            {
                conditions |= condition;
            }
            else
            {
                element.Error($"\"{name}\" is not supported; use {string.Join(", ", s_conditions.Keys)}");
            }
        }

        return conditions;
    }

    private static ValueList<uint> ReadStatusCodes(Message message)
    {
        List<uint> codes = [];
        foreach (Element code in message.Repeated("retriable_status_codes"))
        {
            codes.Add((uint)code.AsInteger(100, 599, 503));
        }

        return ValueList.From(codes);
    }

    private static bool ReadPredicate(Element element)
    {
        Message message = element.AsMessage(Package + ".RetryHostPredicate");
        Message? config = AnyReader.OpenTypedConfig(message);
        message.End();
        if (config?.TypeName == PreviousHosts)
        {
            config.End();
            return true;
        }

        if (config is not null)
        {
            AnyReader.Refuse(config, "retry host predicate");
        }

        return false;
    }

    private static RetryPolicy ReadBackOff(Element element, RetryPolicy policy)
    {
        Message message = element.AsMessage(Package + ".RetryBackOff");
        Element? given = message.Take("base_interval");
        TimeSpan start = given?.AsDuration(RetryPolicy.DefaultBackOffBase) ?? TimeSpan.Zero;
        TimeSpan longest = message.Duration("max_interval", 10 * start);
        message.End();
        if (given is null || start == TimeSpan.Zero)
        {
            (given ?? element).Error(given is null ? "\"base_interval\" is missing" : "must be more than zero");
        }
        else if (longest < start)
        {
            element.Error("max_interval is less than base_interval");
        }

        return policy with { BackOffBase = start, BackOffMax = longest };
    }
}
