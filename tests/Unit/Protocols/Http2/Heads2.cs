using System.Text;
using FastMesh.Protocols;

namespace FastMesh.Tests.Unit.Protocols.Http2;

/// <summary>Heads for the tests of sessions.</summary>
internal static class Heads2
{
    /// <summary>A request to http://a/, or another path, with fields given as name, value, name, value.</summary>
    public static RequestHead Request(HttpMethod method = HttpMethod.Get, string path = "/", params string[] fields)
    {
        RequestHead head = new();
        head.SetMethod(method);
        head.SetScheme("http"u8);
        head.SetAuthority("a"u8);
        head.SetPath(Encoding.Latin1.GetBytes(path));
        Append(head.Fields, fields);
        return head;
    }

    /// <summary>A response with fields given as name, value, name, value.</summary>
    public static ResponseHead Response(int status = 200, params string[] fields)
    {
        ResponseHead head = new() { StatusCode = status };
        Append(head.Fields, fields);
        return head;
    }

    /// <summary>Adds fields given as name, value, name, value.</summary>
    public static void Append(HttpFields fields, params string[] pairs)
    {
        for (int i = 0; i < pairs.Length; i += 2)
        {
            fields.Append(Encoding.Latin1.GetBytes(pairs[i]), Encoding.Latin1.GetBytes(pairs[i + 1]));
        }
    }
}
