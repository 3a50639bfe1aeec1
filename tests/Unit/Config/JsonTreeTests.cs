using System.Text;
using FastMesh.Config.Trees;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

public sealed class JsonTreeTests
{
    [Fact]
    public void Value_OnALaterLine_HasLineAndColumn()
    {
        ConfigNode value = JsonTree.Read("{\n\t\"a\": [true,\n  \"b\\u00e9\"]}"u8).Find("a")!.Items[1];
        Assert.Equal(("b\u00e9", 3, 3, true), (value.Text, value.Line, value.Column, value.IsQuoted));
    }

    [Theory]
    [InlineData("{\"a\": 1,\n \"a\": 2}", "\"a\" is given twice", 2, 2)]
    [InlineData("{\"a\": \"\\ud800\"}", "not JSON: the string is not valid Unicode", 1, 7)]
    public void Text_ThatIsNoTree_IsRefusedAtItsPlace(string text, string expected, int line, int column)
    {
        TreeException error = Assert.Throws<TreeException>(() => JsonTree.Read(Encoding.UTF8.GetBytes(text)));
        Assert.Equal((expected, line, column), (error.Message, error.Line, error.Column));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"a\": 1,}")]
    [InlineData("{} {}")]
    [InlineData("{a: 1}")]
    public void Text_WithBadSyntax_SaysNotJson(string text)
    {
        TreeException error = Assert.Throws<TreeException>(() => JsonTree.Read(Encoding.UTF8.GetBytes(text)));
        Assert.StartsWith("not JSON: ", error.Message);
    }
}
