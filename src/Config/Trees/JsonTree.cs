using System;
using System.Collections.Generic;
using System.Text;
using System.Text.Json;

namespace FastMesh.Config.Trees;

/// <summary>JSON (RFC 8259) to <see cref="ConfigNode"/>s. Duplicate names are refused.</summary>
internal ref struct JsonTree
{
    private readonly ReadOnlySpan<byte> _content;
    private Utf8JsonReader _reader;
    private int _line;
    private int _lineStart;
    private int _scanned;

    private JsonTree(ReadOnlySpan<byte> content)
    {
        _content = content;
        _reader = new Utf8JsonReader(content, new JsonReaderOptions { MaxDepth = TreeLimits.DepthMax });
        _line = 1;
    }

    /// <summary>Reads the one value of a text in UTF-8.</summary>
    /// <exception cref="TreeException">The text is not JSON, or breaks a limit.</exception>
    public static ConfigNode Read(ReadOnlySpan<byte> content)
    {
        var tree = new JsonTree(content);
        try
        {
            tree._reader.Read();
            ConfigNode root = tree.ReadNode();
            tree._reader.Read();
            return root;
        }
        catch (JsonException error)
        {
            throw new TreeException(
                "not JSON: " + Cause(error),
                (int)(error.LineNumber ?? 0) + 1,
                (int)(error.BytePositionInLine ?? 0) + 1);
        }
        catch (InvalidOperationException)
        {
            // An escape that is half of a surrogate pair, or bytes that are not UTF-8.
            tree.Place(out int line, out int column);
            throw new TreeException("not JSON: the string is not valid Unicode", line, column);
        }
    }

    private static string Cause(JsonException error)
    {
        string text = error.Message;
        int place = text.IndexOf(" LineNumber:", StringComparison.Ordinal);
        text = (place < 0 ? text : text[..place]).TrimEnd('.');
        return char.ToLowerInvariant(text[0]) + text[1..];
    }

    private ConfigNode ReadNode()
    {
        Place(out int line, out int column);
        return _reader.TokenType switch
        {
            JsonTokenType.StartObject => ReadObject(line, column),
            JsonTokenType.StartArray => ReadArray(line, column),
            JsonTokenType.String => new ConfigNode(NodeKind.Scalar, line, column)
            {
                Text = _reader.GetString()!,
                IsQuoted = true,
            },
            JsonTokenType.Null => new ConfigNode(NodeKind.Null, line, column),
            _ => new ConfigNode(NodeKind.Scalar, line, column) { Text = Encoding.UTF8.GetString(_reader.ValueSpan) },
        };
    }

    private ConfigNode ReadArray(int line, int column)
    {
        List<ConfigNode> items = [];
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(ReadNode());
        }

        return new ConfigNode(NodeKind.Sequence, line, column) { Items = items };
    }

    private ConfigNode ReadObject(int line, int column)
    {
        List<ConfigMember> members = [];
        HashSet<string> names = new(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            Place(out int nameLine, out int nameColumn);
            string name = _reader.GetString()!;
            if (!names.Add(name))
            {
                throw new TreeException($"\"{name}\" is given twice", nameLine, nameColumn);
            }

            _reader.Read();
            members.Add(new ConfigMember(name, ReadNode(), nameLine, nameColumn));
        }

        return new ConfigNode(NodeKind.Mapping, line, column) { Members = members };
    }

    // Columns count bytes, as the exceptions of the reader do.
    private void Place(out int line, out int column)
    {
        int position = (int)_reader.TokenStartIndex;
        while (true)
        {
            int newline = _content[_scanned..position].IndexOf((byte)'\n');
            if (newline < 0)
            {
                break;
            }

            _line++;
            _scanned += newline + 1;
            _lineStart = _scanned;
        }

        _scanned = position;
        line = _line;
        column = position - _lineStart + 1;
    }
}
