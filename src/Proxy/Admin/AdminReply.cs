using System.Text;

namespace FastMesh.Proxy.Admin;

/// <summary>An answer of the admin interface, whole.</summary>
internal readonly record struct AdminReply(int Status, string ContentType, byte[] Body, string? Allow = null)
{
    private const string PlainText = "text/plain; charset=UTF-8";

    public static AdminReply Text(string text, int status = 200) =>
        new(status, PlainText, Encoding.UTF8.GetBytes(text));

    public static AdminReply Json(byte[] body) => new(200, "application/json", body);

    public static AdminReply Metrics(string text) =>
        new(200, "text/plain; version=0.0.4; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>405 with the method that is meant (RFC 9110 §15.5.6).</summary>
    public static AdminReply MethodNotAllowed(string allowed) =>
        Text($"this path needs {allowed}\n", 405) with { Allow = allowed };

    /// <summary>The bytes on the wire; a HEAD request gets the head only.</summary>
    public byte[] ToBytes(bool headOnly, bool keepAlive)
    {
        string reason = Status switch
        {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            503 => "Service Unavailable",
            _ => "Error",
        };
        string allow = Allow is null ? string.Empty : $"allow: {Allow}\r\n";
        string connection = keepAlive ? string.Empty : "connection: close\r\n";
        byte[] head = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {Status} {reason}\r\ncontent-type: {ContentType}\r\ncache-control: no-cache, max-age=0\r\n"
            + $"x-content-type-options: nosniff\r\n{allow}{connection}content-length: {Body.Length}\r\n\r\n");
        return headOnly ? head : [.. head, .. Body];
    }
}
