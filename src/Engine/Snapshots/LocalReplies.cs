using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Engine.Routing;
using FastMesh.Engine.Telemetry;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Snapshots;

/// <summary>
/// How answers look that the proxy makes itself (<c>local_reply_config</c>), compiled. The first mapper whose filter
/// takes the answer changes status, text and fields; then the body gets its form. Immutable.
/// </summary>
internal sealed class LocalReplies
{
    /// <summary>Bytes of a formatted body; a longer text is cut, and a longer JSON object is left empty.</summary>
    private const int BodyBytesMax = 64 * 1024;

    private static readonly byte[] s_plainText = "text/plain"u8.ToArray();

    [ThreadStatic]
    private static byte[]? t_body;

    [ThreadStatic]
    private static byte[]? t_said;

    private readonly Mapper[] _mappers;
    private readonly BodyForm? _form;

    private LocalReplies(Mapper[] mappers, BodyForm? form)
    {
        _mappers = mappers;
        _form = form;
    }

    /// <summary>Compiles the settings; null when they change nothing.</summary>
    public static LocalReplies? Compile(LocalReplySettings settings, string path, List<ConfigProblem> problems)
    {
        if (settings == LocalReplySettings.None)
        {
            return null;
        }

        path += ".local_reply_config";
        var mappers = new Mapper[settings.Mappers.Count];
        for (int i = 0; i < mappers.Length; i++)
        {
            LocalReplyMapper model = settings.Mappers[i];
            string place = $"{path}.mappers[{i}]";
            FieldMutationLevel? fields =
                FieldMutationCompiler.Compile(model.Fields, place, "response", problems);
            mappers[i] = new Mapper(
                LogFilter.Compile(model.Filter, place + ".filter", problems, CompileField),
                (int?)model.StatusCode ?? 0,
                model.Body is { } body ? [.. body] : null,
                BodyForm.Compile(model.BodyFormat, place + ".body_format_override", problems),
                fields is null ? null : new FieldMutations([fields]));
        }

        return new LocalReplies(mappers, BodyForm.Compile(settings.BodyFormat, path + ".body_format", problems));
    }

    /// <summary>The test of a field for a log filter.</summary>
    public static Predicate<RequestHead> CompileField(FieldMatcher model, string path, List<ConfigProblem> problems) =>
        new FieldPredicate(model, path, problems).IsMatch;

    /// <summary>Changes an answer.</summary>
    /// <param name="record">What is known; its response code, flags and times are set.</param>
    /// <param name="head">Status and fields of the answer.</param>
    /// <param name="body">Its text; the result may lie in memory of this thread and holds until the next call.</param>
    /// <param name="contentType">Its type; empty for an answer without one.</param>
    public void Apply(
        ExchangeRecord record, ResponseHead head, ref ReadOnlySpan<byte> body, ref ReadOnlySpan<byte> contentType)
    {
        BodyForm? form = _form;
        foreach (Mapper mapper in _mappers)
        {
            if (!mapper.Filter.Takes(record))
            {
                continue;
            }

            mapper.Fields?.Apply(head.Fields, record);
            if (mapper.Status > 0)
            {
                head.StatusCode = mapper.Status;
                record.ResponseCode = mapper.Status;
            }

            body = mapper.Body ?? body;
            contentType = mapper.Body is null ? contentType : s_plainText;
            form = mapper.Form ?? form;
            break;
        }

        if (form is not null)
        {
            t_body ??= new byte[BodyBytesMax];
            body = form.Write(record, body, t_body);
            contentType = form.ContentType;
        }
    }

    private sealed record Mapper(LogFilter Filter, int Status, byte[]? Body, BodyForm? Form, FieldMutations? Fields);

    private sealed class BodyForm(CommandFormat? text, JsonLogFormat? json, byte[] contentType)
    {
        public byte[] ContentType => contentType;

        public static BodyForm? Compile(LocalReplyFormat? model, string path, List<ConfigProblem> problems)
        {
            if (model is null)
            {
                return null;
            }

            CommandFormat? text = null;
            JsonLogFormat? json = null;
            if (model.Text is null)
            {
                json = JsonLogFormat.Compile(model.Json, model.OmitEmptyValues, path + ".json_format", problems);
            }
            else if (!CommandFormat.TryCompile(model.Text, model.OmitEmptyValues, out text, out string problem))
            {
                problems.Add(new ConfigProblem(path + ".text_format", problem));
            }

            byte[] type = model.ContentType.Length > 0 ? Encoding.UTF8.GetBytes(model.ContentType)
                : model.Text is null ? "application/json"u8.ToArray()
                : s_plainText;
            return new BodyForm(text, json, type);
        }

        public ReadOnlySpan<byte> Write(ExchangeRecord record, ReadOnlySpan<byte> said, byte[] destination)
        {
            // What the operators copy from must not be what they write to.
            if (t_said is null || t_said.Length < said.Length)
            {
                t_said = new byte[Math.Max(said.Length, 256)];
            }

            said.CopyTo(t_said);
            record.LocalReplyBody = t_said.AsMemory(0, said.Length);
            var writer = new ByteWriter(destination);
            if (json is not null)
            {
                json.Write(ref writer, record);
                return writer.Overflowed ? [] : destination.AsSpan(0, writer.Length);
            }

            text?.Write(ref writer, record);
            return destination.AsSpan(0, writer.Length);
        }
    }
}
