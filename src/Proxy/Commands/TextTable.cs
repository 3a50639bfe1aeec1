using System.Collections.Generic;
using System.Linq;
using System.Text;

namespace FastMesh.Proxy.Commands;

/// <summary>Rows of text under headings, columns as wide as needed.</summary>
internal sealed class TextTable
{
    private const string Gap = "   ";

    private readonly List<string[]> _rows = [];

    public TextTable(params string[] headings)
    {
        _rows.Add(headings);
    }

    public void Add(params string[] cells) => _rows.Add(cells);

    public override string ToString()
    {
        int[] widths = [.. _rows[0].Select((_, column) => _rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        foreach (string[] row in _rows)
        {
            string line = string.Join(Gap, row.Select((cell, column) => cell.PadRight(widths[column])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
