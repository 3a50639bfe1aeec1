using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config.Envoy;

/// <summary>Reads HTTP field changes, matchers and shared little messages.</summary>
internal static class FieldReader
{
    private const string Core = "envoy.config.core.v3.";
    private const string Matcher = "envoy.type.matcher.v3.";
    private const int FieldValueMax = 16384;
    private const int InlineFileMax = 1024 * 1024;

    /// <summary>Reads a pair of <c>…_headers_to_add</c> and <c>…_headers_to_remove</c>.</summary>
    /// <param name="message">The message that holds them.</param>
    /// <param name="side"><c>request</c> or <c>response</c>.</param>
    public static FieldMutation ReadMutation(Message message, string side)
    {
        ValueList<FieldAddition> additions = message.Each(side + "_headers_to_add", ReadAddition);
        List<Element> removed = message.Repeated(side + "_headers_to_remove");
        if (additions.Count == 0 && removed.Count == 0)
        {
            return FieldMutation.None;
        }

        return new FieldMutation { Add = additions, Remove = ReadNames(removed) };
    }

    /// <summary>Reads a list of HeaderValueOption.</summary>
    public static FieldMutation ReadAdditions(Message message, string field)
    {
        ValueList<FieldAddition> additions = message.Each(field, ReadAddition);
        return additions.Count == 0 ? FieldMutation.None : new FieldMutation { Add = additions };
    }

    /// <summary>Reads field names.</summary>
    public static ValueList<string> ReadNames(List<Element> elements)
    {
        List<string> names = [];
        foreach (Element element in elements)
        {
            string name = element.AsText();
            if (name.StartsWith(':') || name.Equals("host", StringComparison.OrdinalIgnoreCase))
            {
                element.Error($"{element.Quoted()} cannot be removed; a request always has it");
            }
            else if (CheckName(element, name))
            {
                names.Add(name);
            }
        }

        return ValueList.From(names);
    }

    /// <summary>Reports a name that is no token (RFC 9110 §5.1); pseudo fields begin with a colon.</summary>
    public static bool CheckName(Element element, string name, bool allowPseudo = false)
    {
        ReadOnlySpan<char> token = allowPseudo && name.StartsWith(':') ? name.AsSpan(1) : name;
        bool isToken = !token.IsEmpty;
        foreach (char letter in token)
        {
            isToken &= char.IsAsciiLetterOrDigit(letter)
                || "!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal);
        }

        if (!isToken)
        {
            element.Error($"{element.Quoted()} is not a field name");
        }

        return isToken;
    }

    /// <summary>Reads a StringMatcher.</summary>
    public static StringMatcher? ReadString(Element element)
    {
        Message message = element.AsMessage(Matcher + "StringMatcher");
        (string Field, Element Value)? pattern =
            message.OneOf(required: true, "exact", "prefix", "suffix", "contains", "safe_regex");
        bool ignoreCase = message.Flag("ignore_case");
        message.End();
        if (pattern is not { } chosen)
        {
            return null;
        }

        StringMatchKind kind = chosen.Field switch
        {
            "exact" => StringMatchKind.Exact,
            "prefix" => StringMatchKind.Prefix,
            "suffix" => StringMatchKind.Suffix,
            "contains" => StringMatchKind.Contains,
            _ => StringMatchKind.Regex,
        };
        string value = kind == StringMatchKind.Regex ? ReadRegex(chosen.Value) : chosen.Value.AsText();
        if (value.Length == 0 && kind is not (StringMatchKind.Exact or StringMatchKind.Regex))
        {
            chosen.Value.Error("must not be empty");
        }

        return new StringMatcher(kind, value, ignoreCase && kind != StringMatchKind.Regex);
    }

    /// <summary>Reads a RegexMatcher; RE2 is the only engine and may be named.</summary>
    public static string ReadRegex(Element element)
    {
        Message message = element.AsMessage(Matcher + "RegexMatcher");
        message.Take("google_re2");
        string regex = message.RequiredText("regex");
        message.End();
        return regex;
    }

    /// <summary>Reads a RegexMatchAndSubstitute.</summary>
    public static RegexRewrite? ReadRewrite(Element? element)
    {
        if (element is null)
        {
            return null;
        }

        Message message = element.AsMessage(Matcher + "RegexMatchAndSubstitute");
        Element? pattern = message.Take("pattern");
        string substitution = message.Text("substitution");
        message.End();
        if (pattern is null)
        {
            element.Error("\"pattern\" is missing");
            return null;
        }

        return new RegexRewrite(ReadRegex(pattern), substitution);
    }

    /// <summary>Reads a DataSource that holds its bytes itself, or names an environment variable or a file.</summary>
    public static byte[] ReadData(Element element)
    {
        Message message = element.AsMessage(Core + "DataSource");
        (string Field, Element Value)? source =
            message.OneOf(required: true, "inline_string", "inline_bytes", "environment_variable", "filename");
        message.End();
        return source switch
        {
            ("inline_string", var text) => Encoding.UTF8.GetBytes(text.AsText()),
            ("inline_bytes", var bytes) => ReadBase64(bytes),
            ("environment_variable", var name) => ReadVariable(name),
            ("filename", var file) => ReadFile(file),
            _ => [],
        };
    }

    /// <summary>Reads a RuntimeFractionalPercent; without a runtime layer its default holds.</summary>
    public static RuntimeFraction ReadRuntimeFraction(Element element)
    {
        Message message = element.AsMessage(Core + "RuntimeFractionalPercent");
        Element? share = message.Take("default_value");
        message.Ignore("runtime_key", "there is no runtime layer; the default holds");
        message.End();
        return share is null ? new RuntimeFraction(100) : ReadFraction(share);
    }

    private static RuntimeFraction ReadFraction(Element element)
    {
        Message message = element.AsMessage("envoy.type.v3.FractionalPercent");
        uint denominator = message.Enum("denominator", 100u,
            [new("HUNDRED", 0, 100u), new("TEN_THOUSAND", 1, 10_000u), new("MILLION", 2, 1_000_000u)]);
        var fraction = new RuntimeFraction(message.Number("numerator", 0), denominator);
        message.End();
        return fraction;
    }

    private static FieldAddition? ReadAddition(Element element)
    {
        Message message = element.AsMessage(Core + "HeaderValueOption");
        Element? header = message.Take("header");
        FieldAppendAction action = message.Enum("append_action", FieldAppendAction.AppendIfExistsOrAdd,
        [
            new("APPEND_IF_EXISTS_OR_ADD", 0, FieldAppendAction.AppendIfExistsOrAdd),
            new("ADD_IF_ABSENT", 1, FieldAppendAction.AddIfAbsent),
            new("OVERWRITE_IF_EXISTS_OR_ADD", 2, FieldAppendAction.OverwriteIfExistsOrAdd),
            new("OVERWRITE_IF_EXISTS", 3, FieldAppendAction.OverwriteIfExists),
        ]);
        if (message.Take("append") is { } append)
        {
            // The deprecated spelling of the same choice.
            action = append.AsFlag(true)
                ? FieldAppendAction.AppendIfExistsOrAdd
                : FieldAppendAction.OverwriteIfExistsOrAdd;
        }

        bool keepEmpty = message.Flag("keep_empty_value");
        message.End();
        if (header is null)
        {
            element.Error("\"header\" is missing");
            return null;
        }

        Message pair = header.AsMessage(Core + "HeaderValue");
        Element? name = pair.Take("key");
        Element? value = pair.Take("value");
        pair.End();
        if (name is null)
        {
            header.Error("\"key\" is missing");
            return null;
        }

        return CheckName(name, name.AsText(), allowPseudo: true) && CheckValue(value)
            ? new FieldAddition(name.AsText(), value?.AsText() ?? "", action, keepEmpty)
            : null;
    }

    private static bool CheckValue(Element? value)
    {
        string text = value?.AsText() ?? "";
        if (text.Length > FieldValueMax)
        {
            value!.Error($"a field value has at most {FieldValueMax} characters");
            return false;
        }

        if (text.AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)
        {
            value!.Error("a field value has no line breaks and no zero");
            return false;
        }

        return true;
    }

    private static byte[] ReadBase64(Element element)
    {
        string text = element.AsText().Replace('-', '+').Replace('_', '/');
        byte[] bytes = new byte[text.Length];
        if (Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out int count))
        {
            return bytes[..count];
        }

        element.Error($"{element.Quoted()} is not base64");
        return [];
    }

    private static byte[] ReadVariable(Element element)
    {
        string? value = Environment.GetEnvironmentVariable(element.AsText());
        if (value is null)
        {
            element.Error($"environment variable {element.Quoted()} is not set");
        }

        return Encoding.UTF8.GetBytes(value ?? "");
    }

    // Bounded, so that a device cannot be read for ever.
    private static byte[] ReadFile(Element element)
    {
        try
        {
            using FileStream file = File.OpenRead(element.AsText());
            byte[] bytes = new byte[InlineFileMax + 1];
            int count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (count <= InlineFileMax)
            {
                return bytes[..count];
            }

            element.Error($"{element.Quoted()} is larger than {InlineFileMax} bytes");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            element.Error($"cannot read {element.Quoted()}: {error.Message}");
        }

        return [];
    }
}
