using System;
using System.Globalization;
using System.Text;

namespace FastMesh.Engine.Telemetry;

/// <summary>One part of a format.</summary>
/// <param name="Operator">What is written.</param>
/// <param name="Text">The literal; empty for an operator.</param>
internal readonly record struct FormatPart(FormatOperator Operator, byte[] Text)
{
    /// <summary>The field that is written.</summary>
    public FormatField Field { get; init; }

    /// <summary>Written when the first field is absent: <c>%REQ(A?B)%</c>.</summary>
    public FormatField Alternative { get; init; }

    /// <summary>Bytes at most; 0 is no limit.</summary>
    public int LengthMax { get; init; }

    public TimeFormat? Time { get; init; }

    /// <summary>Of <see cref="FormatOperator.DownstreamTls"/> and its twin.</summary>
    public TlsValue Tls { get; init; }
}

/// <summary>Reads one <c>%OPERATOR(argument?alternative):length%</c>.</summary>
internal static class FormatPartReader
{
    public static bool TryRead(string text, ref int at, out FormatPart part, out string problem)
    {
        part = default;
        int start = at + 1;
        int open = start;
        while (open < text.Length && (char.IsAsciiLetterUpper(text[open]) || char.IsAsciiDigit(text[open])
            || text[open] == '_'))
        {
            open++;
        }

        string name = text[start..open];
        string? argument = null;
        int end = open;
        if (end < text.Length && text[end] == '(')
        {
            int close = text.IndexOf(')', end);
            if (close < 0)
            {
                problem = $"%{name}( has no closing parenthesis";
                return false;
            }

            argument = text[(end + 1)..close];
            end = close + 1;
        }

        int length = 0;
        if (end < text.Length && text[end] == ':')
        {
            int digits = end + 1;
            while (digits < text.Length && char.IsAsciiDigit(text[digits]))
            {
                digits++;
            }

            if (!int.TryParse(text.AsSpan(end + 1, digits - end - 1), NumberStyles.None, CultureInfo.InvariantCulture,
                out length) || length == 0)
            {
                problem = $"%{name}...: wants a positive length after the colon";
                return false;
            }

            end = digits;
        }

        if (end >= text.Length || text[end] != '%')
        {
            problem = $"operator %{name} does not end with %; write %% for a percent sign";
            return false;
        }

        at = end + 1;
        return TryMake(name, argument, length, out part, out problem);
    }

    private static bool TryMake(string name, string? argument, int length, out FormatPart part, out string problem)
    {
        part = default;
        problem = "";
        TlsValue tls = default;
        if (!FormatOperators.TryParse(name, out FormatOperator kind)
            && !TlsValues.TryParse(name, out kind, out tls))
        {
            problem = $"operator %{name}% is not known; known are {FormatOperators.Known}";
            return false;
        }

        bool isTls = kind is FormatOperator.DownstreamTls or FormatOperator.UpstreamTls;
        if (kind is FormatOperator.StartTime or FormatOperator.EmitTime || (isTls && tls.IsTime()))
        {
            TimeFormat time = TimeFormat.Default;
            if (argument is not null && !TimeFormat.TryCompile(argument, out time, out problem))
            {
                return false;
            }

            part = new FormatPart(kind, []) { Time = time, Tls = tls, LengthMax = length };
            return true;
        }

        if (kind == FormatOperator.Absent)
        {
            part = new FormatPart(kind, []);
            return true;
        }

        if (kind == FormatOperator.GrpcStatus && argument is not null)
        {
            part = new FormatPart(GrpcStatus(argument), []) { LengthMax = length };
            problem = part.Operator == FormatOperator.Absent
                ? $"%GRPC_STATUS({argument})%: wants CAMEL_STRING, SNAKE_STRING or NUMBER"
                : "";
            return problem.Length == 0;
        }

        bool takesName = kind is FormatOperator.RequestField or FormatOperator.ResponseField
            or FormatOperator.TrailerField or FormatOperator.RequestWithoutQuery or FormatOperator.Environment;
        if (takesName != argument is { Length: > 0 })
        {
            problem = takesName ? $"%{name}% wants a name, as in %{name}(X)%" : $"%{name}% takes no argument";
            return false;
        }

        part = kind == FormatOperator.Environment
            ? Environment(argument!, length)
            : Named(kind, argument ?? "", length) with { Tls = tls };
        return true;
    }

    private static FormatOperator GrpcStatus(string form) => form switch
    {
        "CAMEL_STRING" => FormatOperator.GrpcStatus,
        "SNAKE_STRING" => FormatOperator.GrpcStatusSnake,
        "NUMBER" => FormatOperator.GrpcStatusNumber,
        _ => FormatOperator.Absent,
    };

    /// <summary>The environment does not change under a process, so its value becomes part of the text.</summary>
    private static FormatPart Environment(string variable, int length)
    {
        byte[] value = Encoding.UTF8.GetBytes(System.Environment.GetEnvironmentVariable(variable) ?? "-");
        return new FormatPart(FormatOperator.Literal, length > 0 && value.Length > length ? value[..length] : value);
    }

    private static FormatPart Named(FormatOperator kind, string argument, int length)
    {
        string[] names = argument.Split('?', 2);
        return new FormatPart(kind, [])
        {
            Field = FormatField.Create(names[0]),
            Alternative = names.Length > 1 ? FormatField.Create(names[1]) : default,
            LengthMax = length,
        };
    }
}
