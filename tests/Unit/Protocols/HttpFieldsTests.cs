using System;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Tests.Unit.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols;

public sealed class HttpFieldsTests
{
    [Fact]
    public void Set_NameWithSeveralLines_ReplacesTheFirstAndDropsTheRest()
    {
        HttpFields fields = Sample();
        fields.Set("X-A"u8, " new "u8);
        Assert.Equal("\nx-a=new None\nHost=h Host\nB=2 None", Heads.Render(fields));
    }

    [Fact]
    public void Set_NameThatIsMissing_AppendsIt()
    {
        HttpFields fields = Sample();
        fields.Set(KnownField.Via, "1.1 x"u8);
        Assert.Equal("\nvia=1.1 x Via", Heads.Render(fields)[^14..]);
        Assert.True(fields.Has(KnownField.Via));
    }

    [Fact]
    public void Remove_LastLineOfAKnownField_ClearsItsBit()
    {
        HttpFields fields = Sample();
        fields.Append("HOST"u8, "other"u8);
        fields.RemoveAt(fields.Find(KnownField.Host));
        Assert.True(fields.Has(KnownField.Host));
        Assert.Equal(1, fields.Remove("hOsT"u8));
        Assert.False(fields.Has(KnownField.Host));
        Assert.Equal(-1, fields.Find(KnownField.Host));
    }

    [Fact]
    public void Find_UnknownName_IgnoresCaseAndGoesOnFromIndex()
    {
        HttpFields fields = Sample();
        int first = fields.Find("X-a"u8);
        Assert.Equal(0, first);
        Assert.Equal(2, fields.Find("x-A"u8, first + 1));
        Assert.Equal(-1, fields.Find("x-A"u8, 3));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:")]
    [InlineData("a\r\n")]
    public void Append_NameThatIsNoToken_Throws(string name) =>
        Assert.Throws<ArgumentException>(() => new HttpFields().Append(Heads.Bytes(name), "x"u8));

    [Fact]
    public void Clear_AfterManyUses_AllocatesNothing()
    {
        HttpFields fields = new();
        Fill(fields);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Fill(fields);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void SetValue_FromAnotherValueOfTheSameList_SurvivesGrowth()
    {
        HttpFields fields = new();
        fields.Append("a"u8, Encoding.ASCII.GetBytes(new string('x', 1000)));
        fields.Append("b"u8, "y"u8);
        for (int i = 0; i < 10; i++)
        {
            fields.Append("c"u8, fields.Value(0));
        }

        Assert.Equal(1000, fields.Value(11).Length);
        Assert.Equal(new string('x', 1000), Heads.Text(fields.Value(11)));
    }

    [Fact]
    public void KnownFields_EveryName_IsFoundInAnyCase()
    {
        for (int i = 1; i < KnownFields.Count; i++)
        {
            ReadOnlySpan<byte> name = KnownFields.Name((KnownField)i);
            Assert.Equal((KnownField)i, KnownFields.Parse(name));
            string upper = Heads.Text(name).ToUpperInvariant();
            Assert.Equal((KnownField)i, KnownFields.Parse(Heads.Bytes(upper)));
            Assert.Equal(KnownField.None, KnownFields.Parse(Heads.Bytes(upper + "x")));
        }

        Assert.True(KnownFields.Count <= 64);
    }

    private static void Fill(HttpFields fields)
    {
        fields.Clear();
        for (int i = 0; i < 20; i++)
        {
            fields.Append("x-name"u8, "some value"u8);
        }

        fields.Set("x-name"u8, "one"u8);
        fields.Remove(KnownField.Via);
    }

    private static HttpFields Sample()
    {
        HttpFields fields = new();
        fields.Append("x-a"u8, "1"u8);
        fields.Append("Host"u8, "h"u8);
        fields.Append("X-A"u8, "3"u8);
        fields.Append("B"u8, "2"u8);
        return fields;
    }
}
