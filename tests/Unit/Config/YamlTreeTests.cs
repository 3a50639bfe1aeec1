using System.Text;
using FastMesh.Config.Trees;
using Xunit;

namespace FastMesh.Tests.Unit.Config;

public sealed class YamlTreeTests
{
    [Fact]
    public void Scalar_InMapping_HasLineAndColumn()
    {
        ConfigNode value = YamlTree.Read("a: 1\nb:\n  c: [x, 'y z']\n").Find("b")!.Find("c")!.Items[1];
        Assert.Equal(("y z", 3, 10, true), (value.Text, value.Line, value.Column, value.IsQuoted));
    }

    [Fact]
    public void Alias_OfMapping_SharesItsNode()
    {
        ConfigNode root = YamlTree.Read("a: &one {x: 1}\nb: *one\n");
        Assert.Same(root.Find("a"), root.Find("b"));
    }

    [Fact]
    public void MergeKey_WithOwnMember_KeepsOwnAndAddsOthers()
    {
        ConfigNode merged = YamlTree.Read("a: &one {x: 1, y: 2}\nb: {y: 3, <<: *one}\n").Find("b")!;
        Assert.Equal("3", merged.Find("y")!.Text);
        Assert.Equal("1", merged.Find("x")!.Text);
        Assert.Equal(2, merged.Members.Count);
    }

    [Fact]
    public void MergeKey_WithList_TakesTheEarlierFirst()
    {
        ConfigNode merged = YamlTree.Read("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc:\n  <<: [*a, *b]\n").Find("c")!;
        Assert.Equal("1", merged.Find("x")!.Text);
        Assert.Equal("2", merged.Find("y")!.Text);
    }

    [Fact]
    public void IgnoreTag_OnMember_LeavesItsAnchorOnly()
    {
        ConfigNode root = YamlTree.Read("templates: !ignore\n  t: &t {x: 1}\na: *t\n");
        Assert.Null(root.Find("templates"));
        Assert.Equal("1", root.Find("a")!.Find("x")!.Text);
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "\"a\" is given twice", 2, 1)]
    [InlineData("a: *no\n", "unknown anchor \"no\"", 1, 4)]
    [InlineData("a: &a [*a]\n", "alias \"a\" stands inside its own anchor", 1, 8)]
    [InlineData("a: {<<: 1}\n", "a merge key takes an alias of a mapping, or a list of such aliases", 1, 5)]
    [InlineData("a: 1\n---\nb: 2\n", "a second YAML document; only one is read", 2, 1)]
    [InlineData("? [a]\n: 1\n", "the name of a member must be a plain string", 1, 3)]
    public void Text_ThatIsNoTree_IsRefusedAtItsPlace(string text, string expected, int line, int column)
    {
        TreeException error = Assert.Throws<TreeException>(() => YamlTree.Read(text));
        Assert.Equal((expected, line, column), (error.Message, error.Line, error.Column));
    }

    [Theory]
    [InlineData("a: [1\nb: 2\n")]
    [InlineData("a: b: c\n")]
    [InlineData("a:\n\t- 1\n")]
    [InlineData("a: \"x\n")]
    [InlineData("{a: 1")]
    [InlineData("- 1\nb: 2\n")]
    [InlineData("%YAML 3.0\n---\na")]
    public void Text_WithBadSyntax_SaysNotYamlAndWhere(string text)
    {
        TreeException error = Assert.Throws<TreeException>(() => YamlTree.Read(text));
        Assert.StartsWith("not YAML: ", error.Message);
        Assert.InRange(error.Line, 1, 4);
    }

    [Fact]
    public void Aliases_ThatMultiply_AreRefused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int level = 1; level < 9; level++)
        {
            text.Append($"a{level}: &a{level} [");
            text.AppendJoin(", ", System.Linq.Enumerable.Repeat($"*a{level - 1}", 10)).Append("]\n");
        }

        TreeException error = Assert.Throws<TreeException>(() => YamlTree.Read(text.ToString()));
        Assert.Equal("aliases expand to more than 1000000 values", error.Message);
    }

    [Fact]
    public void Nesting_PastTheLimit_IsRefused()
    {
        string text = new string('[', 1000) + new string(']', 1000);
        Assert.Equal("nested deeper than 128 levels", Assert.Throws<TreeException>(() => YamlTree.Read(text)).Message);
    }
}
