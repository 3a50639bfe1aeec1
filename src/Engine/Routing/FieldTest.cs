using System;
using System.Buffers.Text;
using System.Collections.Generic;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>A compiled <see cref="FieldMatcher"/>.</summary>
/// <remarks>A field with several lines is tested on all values joined with a comma, as Envoy does.</remarks>
internal sealed class FieldTest
{
    private readonly Source _source;
    private readonly int _number;
    private readonly FieldMatcher _model;
    private readonly TextTest? _text;

    private FieldTest(Source source, int number, FieldMatcher model, TextTest? text)
    {
        _source = source;
        _number = number;
        _model = model;
        _text = text;
    }

    private enum Source
    {
        Field,
        Method,
        Path,
        Scheme,
        Authority,
    }

    /// <summary>Compiles one test.</summary>
    /// <param name="model">What to test.</param>
    /// <param name="names">Takes the name.</param>
    /// <param name="path">Where it stands in the configuration.</param>
    /// <param name="problems">Takes what is wrong with it.</param>
    public static FieldTest Compile(
        FieldMatcher model, FieldNames names, string path, List<ConfigProblem> problems)
    {
        Source source = SourceOf(model.Name.ToLowerInvariant());
        if (model.Name.Length == 0)
        {
            problems.Add(new ConfigProblem(path + ".name", "is empty"));
        }
        else if (source == Source.Field && model.Name[0] == ':')
        {
            problems.Add(new ConfigProblem(path + ".name", $"there is no pseudo field \"{model.Name}\""));
        }

        TextTest? text = null;
        if (model.Kind == FieldMatchKind.Value)
        {
            if (model.Value is null)
            {
                problems.Add(new ConfigProblem(path, "has no value to compare with"));
            }
            else
            {
                text = TextTest.Compile(model.Value, path, problems);
            }
        }
        else if (model.Kind == FieldMatchKind.Range && model.RangeEnd <= model.RangeStart)
        {
            problems.Add(new ConfigProblem(path + ".range_match", "is empty: end is not above start"));
        }

        int number = source == Source.Field ? names.Number(model.Name) : -1;
        return new FieldTest(source, number, model, text);
    }

    /// <summary>Whether the request passes.</summary>
    public bool IsMatch(RequestHead head, FieldNames names, RouteScratch scratch)
    {
        bool present = TryGet(head, names, scratch, out ReadOnlySpan<byte> value);
        if (_model.Kind == FieldMatchKind.Present)
        {
            return (present == _model.Present) != _model.Invert;
        }

        // A missing field matches nothing, inverted or not (Envoy, HeaderUtility::HeaderDataBaseImpl).
        if (!present && !_model.TreatMissingAsEmpty)
        {
            return false;
        }

        bool matches = _model.Kind == FieldMatchKind.Range
            ? IsInRange(value)
            : _text is not null && _text.IsMatch(value);
        return matches != _model.Invert;
    }

    private bool IsInRange(ReadOnlySpan<byte> value)
    {
        if (value.Length > 1 && value[0] == '+' && value[1] != '-')
        {
            value = value[1..];
        }

        return Utf8Parser.TryParse(value, out long number, out int consumed)
            && consumed == value.Length
            && number >= _model.RangeStart
            && number < _model.RangeEnd;
    }

    private bool TryGet(
        RequestHead head, FieldNames names, RouteScratch scratch, out ReadOnlySpan<byte> value)
    {
        switch (_source)
        {
            case Source.Method:
                value = head.MethodBytes;
                return true;
            case Source.Path:
                value = head.Path;
                return !value.IsEmpty;
            case Source.Scheme:
                value = head.Scheme;
                return true;
            case Source.Authority:
                value = head.Authority;
                return !value.IsEmpty;
        }

        int line = scratch.Scan.Find(names, _number, head.Fields, out bool repeated);
        value = line < 0 ? default : repeated ? Joined(head.Fields, line, scratch) : head.Fields.Value(line);
        return line >= 0;
    }

    private static ReadOnlySpan<byte> Joined(HttpFields fields, int line, RouteScratch scratch)
    {
        scratch.Begin();
        ReadOnlySpan<byte> name = fields.Name(line);
        scratch.Append(fields.Value(line));
        while ((line = fields.Find(name, line + 1)) >= 0)
        {
            scratch.Append(","u8);
            scratch.Append(fields.Value(line));
        }

        return scratch.Written;
    }

    private static Source SourceOf(string name) => name switch
    {
        ":method" => Source.Method,
        ":path" => Source.Path,
        ":scheme" => Source.Scheme,
        ":authority" or "host" => Source.Authority,
        _ => Source.Field,
    };
}
