using System;
using System.Collections.Generic;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Telemetry;

/// <summary>Compiles a test of a request's fields; routing knows how.</summary>
internal delegate Predicate<RequestHead> FieldTestCompiler(
    FieldMatcher model, string path, List<ConfigProblem> problems);

/// <summary>Which exchanges are logged, compiled.</summary>
internal abstract class LogFilter
{
    public static LogFilter Compile(
        AccessLogFilter model, string path, List<ConfigProblem> problems, FieldTestCompiler fields) => model switch
    {
        StatusCodeLogFilter status => new Comparison(status.Operator, status.Value, ofStatus: true),
        DurationLogFilter duration => new Comparison(duration.Operator, duration.Milliseconds, ofStatus: false),
        ResponseFlagLogFilter flags => new ByFlags(Mask(flags, path, problems)),
        FieldLogFilter field => new ByField(fields(field.Field, path + ".header_filter", problems)),
        AndLogFilter and => new Several(CompileAll(and.Filters, path, problems, fields), all: true),
        OrLogFilter or => new Several(CompileAll(or.Filters, path, problems, fields), all: false),
        _ => throw new InvalidOperationException($"{model.GetType().Name} is not compiled"),
    };

    public abstract bool Takes(ExchangeRecord record);

    private static LogFilter[] CompileAll(
        ValueList<AccessLogFilter> models, string path, List<ConfigProblem> problems, FieldTestCompiler fields)
    {
        var filters = new LogFilter[models.Count];
        for (int i = 0; i < filters.Length; i++)
        {
            filters[i] = Compile(models[i], $"{path}.filters[{i}]", problems, fields);
        }

        return filters;
    }

    /// <summary>The flags named; all of them when none is.</summary>
    private static ResponseFlags Mask(ResponseFlagLogFilter model, string path, List<ConfigProblem> problems)
    {
        ResponseFlags mask = ResponseFlags.None;
        foreach (string name in model.Flags)
        {
            if (ResponseFlagNames.TryParse(name, out ResponseFlags flag))
            {
                mask |= flag;
            }
            else
            {
                problems.Add(new ConfigProblem(path, $"response flag {name} is not known; write one such as UH or NR"));
            }
        }

        return model.Flags.Count == 0 ? (ResponseFlags)ulong.MaxValue : mask;
    }

    private sealed class Comparison(ComparisonOperator comparison, uint bound, bool ofStatus) : LogFilter
    {
        public override bool Takes(ExchangeRecord record)
        {
            long value = ofStatus ? record.ResponseCode : (record.EndUs - record.StartUs) / 1000;
            return comparison switch
            {
                ComparisonOperator.GreaterOrEqual => value >= bound,
                ComparisonOperator.LessOrEqual => value <= bound,
                ComparisonOperator.NotEqual => value != bound,
                _ => value == bound,
            };
        }
    }

    private sealed class ByFlags(ResponseFlags mask) : LogFilter
    {
        public override bool Takes(ExchangeRecord record) => (record.Flags & mask) != 0;
    }

    private sealed class ByField(Predicate<RequestHead> test) : LogFilter
    {
        public override bool Takes(ExchangeRecord record) => record.Request is { } head && test(head);
    }

    private sealed class Several(LogFilter[] filters, bool all) : LogFilter
    {
        public override bool Takes(ExchangeRecord record)
        {
            foreach (LogFilter filter in filters)
            {
                if (filter.Takes(record) != all)
                {
                    return !all;
                }
            }

            return all;
        }
    }
}
