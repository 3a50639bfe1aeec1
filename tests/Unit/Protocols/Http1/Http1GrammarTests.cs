using System;
using System.Text;
using FastMesh.Protocols.Http1;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Http1;

/// <summary>The vectorised scans against the definition of each class, for every byte at every place.</summary>
public sealed class Http1GrammarTests
{
    private const int LengthMax = 70;

    [Fact]
    public void TokenLength_EveryByteAtEveryPlace_EndsAtTheFirstOtherByte()
    {
        for (int value = 0; value < 256; value++)
        {
            bool token = IsToken((char)value);
            Assert.Equal(token, Http1Grammar.IsTokenByte((byte)value));
            for (int length = 1; length <= LengthMax; length += 3)
            {
                byte[] bytes = Encoding.ASCII.GetBytes(new string('a', length));
                int place = value % length;
                bytes[place] = (byte)value;
                Assert.Equal(token ? length : place, Http1Grammar.TokenLength(bytes));
                Assert.Equal(token, Http1Grammar.IsToken(bytes));
            }
        }
    }

    [Fact]
    public void IndexOfControl_EveryByteAtEveryPlace_FindsTheFirst()
    {
        for (int value = 0; value < 256; value++)
        {
            bool control = (value < 0x20 && value != '\t') || value == 0x7F;
            for (int length = 1; length <= LengthMax; length++)
            {
                byte[] bytes = Encoding.ASCII.GetBytes(new string('\t', length));
                int place = value % length;
                bytes[place] = (byte)value;
                bytes[^1] = place == length - 1 ? bytes[^1] : (byte)0;
                int expected = control ? place : place == length - 1 ? -1 : length - 1;
                Assert.Equal(expected, Http1Grammar.IndexOfControl(bytes));
                int count = (control ? 1 : 0) + (place == length - 1 ? 0 : 1);
                Assert.Equal(count, Http1Grammar.CountControls(bytes));
            }
        }
    }

    private static bool IsToken(char value) =>
        char.IsAsciiLetterOrDigit(value) || "!#$%&'*+-.^_`|~".Contains(value, StringComparison.Ordinal);
}
