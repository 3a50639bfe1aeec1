using FastMesh.Model;
using FastMesh.Tests.Support;
using Xunit;

namespace FastMesh.Tests.Simulation;

/// <summary><c>local_reply_config</c>: what answers that the proxy makes itself look like.</summary>
public sealed class LocalReplyTests
{
    private const string Get = "GET /reset HTTP/1.1\r\nHost: a\r\nX-Kind: json\r\nConnection: close\r\n\r\n";

    private static readonly StatusCodeLogFilter s_503 = new(ComparisonOperator.Equal, 503);

    [Fact]
    public void Mapper_ThatTakesTheAnswer_ChangesStatusTextAndFields()
    {
        string answer = Answer(new LocalReplySettings
        {
            Mappers =
            [
                new LocalReplyMapper { Filter = new StatusCodeLogFilter(ComparisonOperator.Equal, 404) },
                new LocalReplyMapper
                {
                    Filter = s_503,
                    StatusCode = 418,
                    Body = ValueList.From("gone away"u8.ToArray()),
                    Fields = new FieldMutation { Add = [new FieldAddition("x-by", "proxy %RESPONSE_FLAGS%")] },
                },
            ],
        });
        Assert.StartsWith("HTTP/1.1 418 ", answer, System.StringComparison.Ordinal);
        Assert.Contains("x-by: proxy UR\r\n", answer, System.StringComparison.Ordinal);
        Assert.Contains("content-type: text/plain\r\n", answer, System.StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\ngone away", answer, System.StringComparison.Ordinal);
    }

    [Fact]
    public void BodyFormat_Json_HoldsTheOperators()
    {
        string answer = Answer(new LocalReplySettings
        {
            BodyFormat = new LocalReplyFormat
            {
                Json = [new JsonLogMember("code", "%RESPONSE_CODE%", []), new("path", "%REQ(:PATH)%", [])],
            },
        });
        Assert.Contains("content-type: application/json\r\n", answer, System.StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n{\"code\":503,\"path\":\"/reset\"}", answer, System.StringComparison.Ordinal);
    }

    [Fact]
    public void BodyFormat_Text_HoldsTheBodyThatWouldHaveBeen()
    {
        string answer = Answer(new LocalReplySettings
        {
            BodyFormat = new LocalReplyFormat
            {
                Text = "<b>%LOCAL_REPLY_BODY%</b> %RESPONSE_CODE%", ContentType = "text/html; charset=UTF-8",
            },
        });
        Assert.Contains("content-type: text/html; charset=UTF-8\r\n", answer, System.StringComparison.Ordinal);
        Assert.EndsWith(
            "<b>upstream connect error or disconnect/reset before headers. reset reason: remote reset</b> 503",
            answer,
            System.StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json", true)]
    [InlineData("xml", false)]
    public void Mapper_ByAFieldOfTheRequest_TakesThoseWithIt(string value, bool takes)
    {
        var field = new FieldMatcher
        {
            Name = "x-kind",
            Kind = FieldMatchKind.Value,
            Value = new StringMatcher(StringMatchKind.Exact, value),
        };
        string answer = Answer(new LocalReplySettings
        {
            Mappers =
            [
                new LocalReplyMapper
                {
                    Filter = new AndLogFilter([s_503, new FieldLogFilter(field)]),
                    BodyFormat = new LocalReplyFormat { Text = "mine" },
                },
            ],
        });
        Assert.Equal(takes, answer.EndsWith("\r\n\r\nmine", System.StringComparison.Ordinal));
    }

    [Fact]
    public void Answers_OfTheUpstream_StayAsTheyAre()
    {
        var world = new SimulatedHttpWorld(
            1, configure: settings => settings with { LocalReplies = new() { BodyFormat = new() { Text = "mine" } } });
        world.Upstream.RawResponse = "HTTP/1.1 503 Busy\r\nContent-Length: 6\r\n\r\ntheirs";
        string answer = world.Exchange("GET /raw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.EndsWith("theirs", answer, System.StringComparison.Ordinal);
    }

    private static string Answer(LocalReplySettings replies) =>
        new SimulatedHttpWorld(1, configure: settings => settings with { LocalReplies = replies }).Exchange(Get);
}
