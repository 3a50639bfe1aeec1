using System;
using System.Collections.Generic;
using FastMesh.Protocols.Hpack;
using FastMesh.Protocols.Http2;
using Xunit;

namespace FastMesh.Tests.Unit.Protocols.Hpack;

/// <summary>The examples of RFC 7541 Appendix C.</summary>
public sealed class HpackVectorTests
{
    private const string First = ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com";

    private const string Second =
        ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\ncache-control: no-cache";

    private const string Third =
        ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\ncustom-key: custom-value";

    private const string Answer1 = ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
        + "location: https://www.example.com";

    private const string Answer2 = ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
        + "location: https://www.example.com";

    private const string Answer3 = ":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n"
        + "location: https://www.example.com\ncontent-encoding: gzip\n"
        + "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

    [Theory]
    [InlineData(10, 5, "0a")]
    [InlineData(1337, 5, "1f9a0a")]
    [InlineData(42, 8, "2a")]
    public void Integer_OfAppendixC1_IsWrittenAndRead(int value, int prefixBits, string hex)
    {
        byte[] expected = Convert.FromHexString(hex);
        byte[] written = new byte[HpackInteger.BytesMax];
        int length = HpackInteger.Encode(written, 0, 0, prefixBits, value);
        Assert.Equal(expected, written[..length]);
        int at = 0;
        Assert.True(HpackInteger.TryDecode(expected, ref at, prefixBits, out int read));
        Assert.Equal((value, expected.Length), (read, at));
    }

    [Theory]
    [InlineData("400a637573746f6d2d6b65790d637573746f6d2d686561646572", "custom-key: custom-header", 55)]
    [InlineData("040c2f73616d706c652f70617468", ":path: /sample/path", 0)]
    [InlineData("100870617373776f726406736563726574", "!password: secret", 0)]
    [InlineData("82", ":method: GET", 0)]
    public void Field_OfAppendixC2_IsRead(string hex, string field, int tableSize)
    {
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Assert.Equal(field, Decode(decoder, hex));
        Assert.Equal(tableSize, decoder.Table.Size);
    }

    [Fact]
    public void Requests_OfAppendixC3_AreRead()
    {
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Step(decoder, "828684410f7777772e6578616d706c652e636f6d", First, 57);
        Step(decoder, "828684be58086e6f2d6361636865", Second, 110);
        Step(decoder, "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565", Third, 164);
    }

    [Fact]
    public void HuffmanRequests_OfAppendixC4_AreRead()
    {
        HpackDecoder decoder = new(new HpackScratch(), 4096);
        Step(decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff", First, 57);
        Step(decoder, "828684be5886a8eb10649cbf", Second, 110);
        Step(decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf", Third, 164);
    }

    [Fact]
    public void Responses_OfAppendixC5_AreReadWithEviction()
    {
        HpackDecoder decoder = new(new HpackScratch(), 256);
        Step(decoder, "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d546e17"
            + "68747470733a2f2f7777772e6578616d706c652e636f6d", Answer1, 222);
        Step(decoder, "4803333037c1c0bf", Answer2, 222);
        Step(decoder, "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d41"
            + "53444a4b48514b425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d"
            + "31", Answer3, 215);
    }

    [Fact]
    public void HuffmanResponses_OfAppendixC6_AreReadWithEviction()
    {
        HpackDecoder decoder = new(new HpackScratch(), 256);
        Step(decoder, "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97"
            + "c8e9ae82ae43d3", Answer1, 222);
        Step(decoder, "4883640effc1c0bf", Answer2, 222);
        Step(decoder, "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd"
            + "5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007", Answer3, 215);
    }

    private static void Step(HpackDecoder decoder, string hex, string expected, int tableSize)
    {
        Assert.Equal(expected, Decode(decoder, hex));
        Assert.Equal(tableSize, decoder.Table.Size);
    }

    private static string Decode(HpackDecoder decoder, string hex)
    {
        List<string> fields = [];
        HpackListSink sink = new(fields);
        Assert.Equal(Http2Fault.None, decoder.Decode(Convert.FromHexString(hex), ref sink));
        return string.Join('\n', fields);
    }
}
