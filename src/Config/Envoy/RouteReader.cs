using System;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads envoy.config.route.v3.Route: its match, and which kind of action it has.</summary>
internal static class RouteReader
{
    private const string Package = "envoy.config.route.v3.";

    /// <summary>Reads a route; null after an error that leaves no match or no action.</summary>
    public static Route? Read(Element element)
    {
        Message message = element.AsMessage(Package + "Route");
        RouteMatch? match = message.Sub("match", Package + "RouteMatch") is { } criteria ? ReadMatch(criteria) : null;
        if (match is null)
        {
            element.Error("\"match\" is missing");
        }

        RouteAction? action =
            message.OneOf(required: true, "route", "redirect", "direct_response", "non_forwarding_action") switch
            {
                ("route", var forward) => RouteActionReader.ReadForward(forward),
                ("redirect", var redirect) => RouteActionReader.ReadRedirect(redirect),
                ("direct_response", var reply) => RouteActionReader.ReadDirectResponse(reply),
                ("non_forwarding_action", _) => new NonForwardingAction(),
                _ => null,
            };
        string name = message.Text("name");
        FieldMutation request = FieldReader.ReadMutation(message, "request");
        FieldMutation response = FieldReader.ReadMutation(message, "response");
        uint? buffer = (uint?)message.Take("per_request_buffer_limit_bytes")?.AsInteger(0, uint.MaxValue);
        message.Ignore("metadata", "nothing here reads metadata of a route");
        message.Ignore("decorator", "there is no tracing");
        message.End();
        if (match is null || action is null)
        {
            return null;
        }

        var route = new Route
        {
            Name = name,
            Match = match,
            Action = action,
            RequestBufferLimitBytes = buffer,
            RequestFields = request,
            ResponseFields = response,
        };
        return element.Context.Remember(route, element);
    }

    private static RouteMatch ReadMatch(Message message)
    {
        (PathMatchKind kind, string path) = ReadPath(message);
        var match = new RouteMatch
        {
            PathKind = kind,
            Path = path,
            CaseSensitive = message.Flag("case_sensitive", true) || kind == PathMatchKind.Regex,
            Fields = message.Each("headers", ReadFieldMatcher),
            QueryParameters = message.Each("query_parameters", ReadQueryMatcher),
            Grpc = message.Sub("grpc", Package + "RouteMatch.GrpcRouteMatchOptions") is not null,
            Fraction = message.Take("runtime_fraction") is { } fraction
                ? FieldReader.ReadRuntimeFraction(fraction)
                : null,
        };
        message.End();
        return match;
    }

    private static (PathMatchKind Kind, string Path) ReadPath(Message message)
    {
        (string Field, Element Value)? chosen = message.OneOf(
            required: true, "prefix", "path", "path_separated_prefix", "safe_regex", "connect_matcher");
        switch (chosen)
        {
            case ("prefix", var prefix):
                return (PathMatchKind.Prefix, prefix.AsText());
            case ("path", var path):
                return (PathMatchKind.Exact, path.AsText());
            case ("path_separated_prefix", var segment):
                string text = segment.AsText();
                if (text.Length < 2 || text[0] != '/' || text[^1] == '/' || text.AsSpan().IndexOfAny('?', '#') >= 0)
                {
                    segment.Error($"{segment.Quoted()} must begin with / and not end with it, and hold no ? or #");
                }

                return (PathMatchKind.SegmentPrefix, text);
            case ("safe_regex", var regex):
                return (PathMatchKind.Regex, FieldReader.ReadRegex(regex));
            case ("connect_matcher", _):
                return (PathMatchKind.Connect, "/");
            default:
                return (PathMatchKind.Prefix, "/");
        }
    }

    /// <summary>Reads a HeaderMatcher.</summary>
    public static FieldMatcher? ReadFieldMatcher(Element element)
    {
        Message message = element.AsMessage(Package + "HeaderMatcher");
        string name = message.RequiredText("name");
        (string Field, Element Value)? chosen = message.OneOf(
            required: false,
            "string_match",
            "present_match",
            "range_match",
            "exact_match",
            "prefix_match",
            "suffix_match",
            "contains_match",
            "safe_regex_match");
        var matcher = new FieldMatcher
        {
            Name = name,
            Invert = message.Flag("invert_match"),
            TreatMissingAsEmpty = message.Flag("treat_missing_header_as_empty"),
        };
        message.End();
        return chosen is { } test ? ReadFieldTest(matcher, test.Field, test.Value) : matcher;
    }

    private static FieldMatcher? ReadFieldTest(FieldMatcher matcher, string field, Element value)
    {
        switch (field)
        {
            case "present_match":
                return matcher with { Present = value.AsFlag() };
            case "range_match":
                Message range = value.AsMessage("envoy.type.v3.Int64Range");
                matcher = matcher with
                {
                    Kind = FieldMatchKind.Range,
                    RangeStart = range.Take("start")?.AsInteger(long.MinValue, long.MaxValue) ?? 0,
                    RangeEnd = range.Take("end")?.AsInteger(long.MinValue, long.MaxValue) ?? 0,
                };
                range.End();
                return matcher;
            default:
                StringMatcher? test = field switch
                {
                    "string_match" => FieldReader.ReadString(value),
                    "exact_match" => new StringMatcher(StringMatchKind.Exact, value.AsText()),
                    "prefix_match" => new StringMatcher(StringMatchKind.Prefix, value.AsText()),
                    "suffix_match" => new StringMatcher(StringMatchKind.Suffix, value.AsText()),
                    "contains_match" => new StringMatcher(StringMatchKind.Contains, value.AsText()),
                    _ => new StringMatcher(StringMatchKind.Regex, FieldReader.ReadRegex(value)),
                };
                return test is null ? null : matcher with { Kind = FieldMatchKind.Value, Value = test };
        }
    }

    private static QueryParameterMatcher? ReadQueryMatcher(Element element)
    {
        Message message = element.AsMessage(Package + "QueryParameterMatcher");
        string name = message.RequiredText("name");
        (string Field, Element Value)? chosen = message.OneOf(required: false, "string_match", "present_match");
        message.End();
        return chosen switch
        {
            ("string_match", var value) => FieldReader.ReadString(value) is { } test
                ? new QueryParameterMatcher { Name = name, Value = test }
                : null,
            (_, var value) => new QueryParameterMatcher { Name = name, Present = value.AsFlag() },
            null => new QueryParameterMatcher { Name = name },
        };
    }
}
