using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security;
using System.Text;

namespace FastMesh.Bench.Load.Reporting;

/// <summary>Horizontal bars as SVG, readable on light and dark pages.</summary>
internal static class BarChart
{
    private const int Width = 680;
    private const int RowHeight = 26;
    private const int LabelWidth = 170;
    private const int ValueWidth = 80;

    public static string Svg(string title, IReadOnlyList<(string Name, double Value)> bars)
    {
        double greatest = Math.Max(bars.Select(bar => bar.Value).DefaultIfEmpty(1).Max(), double.Epsilon);
        int height = (bars.Count * RowHeight) + 40;
        StringBuilder svg = new();
        svg.AppendLine(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" height=\"{height}\" " +
            $"font-family=\"sans-serif\" font-size=\"13\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>");
        svg.AppendLine($"<text x=\"8\" y=\"20\" font-weight=\"bold\">{SecurityElement.Escape(title)}</text>");
        for (int i = 0; i < bars.Count; i++)
        {
            int y = 32 + (i * RowHeight);
            double length = (Width - LabelWidth - ValueWidth) * bars[i].Value / greatest;
            string colour = bars[i].Name.StartsWith("FastMesh", StringComparison.Ordinal) ? "#1f6feb" : "#9aa4b1";
            svg.AppendLine(
                CultureInfo.InvariantCulture,
                $"<text x=\"{LabelWidth - 8}\" y=\"{y + 16}\" text-anchor=\"end\">" +
                $"{SecurityElement.Escape(bars[i].Name)}</text>" +
                $"<rect x=\"{LabelWidth}\" y=\"{y + 2}\" width=\"{length:0.0}\" height=\"{RowHeight - 6}\" " +
                $"fill=\"{colour}\"/>" +
                $"<text x=\"{LabelWidth + length + 6:0.0}\" y=\"{y + 16}\">{Report.Number(bars[i].Value)}</text>");
        }

        return svg.AppendLine("</svg>").ToString();
    }
}
