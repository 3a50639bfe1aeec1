using System;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols.Hpack;

namespace FastMesh.Tests.Unit.Protocols.Hpack;

/// <summary>Writes fields down as "name: value", "!" before those that must not be indexed.</summary>
internal readonly struct HpackListSink(List<string> fields) : IHpackSink
{
    public void Field(ReadOnlySpan<byte> joined, int nameLength, FieldTraits traits, bool isSensitive) =>
        fields.Add((isSensitive ? "!" : "") + Encoding.Latin1.GetString(joined));
}
