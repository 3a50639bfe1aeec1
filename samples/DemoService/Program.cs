using System;
using System.Globalization;
using System.Net.Http;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

// A service that knows nothing of a mesh: demo-service NAME PORT [URL it calls for each request].
if (args.Length < 2 || !int.TryParse(args[1], NumberStyles.None, CultureInfo.InvariantCulture, out int port))
{
    await Console.Error.WriteLineAsync("usage: DemoService NAME PORT [URL]");
    return 2;
}

string name = args[0];
string? next = args.Length > 2 ? args[2] : null;
using HttpClient client = new() { Timeout = TimeSpan.FromSeconds(5) };
TcpListener listener = TcpListener.Create(port);
listener.Start();
while (true)
{
    Socket socket = await listener.AcceptSocketAsync();
    _ = ServeAsync(socket);
}

async Task ServeAsync(Socket socket)
{
    await using NetworkStream stream = new(socket, ownsSocket: true);
    try
    {
        byte[] buffer = new byte[16 * 1024];
        int filled = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(filled));
            if (read == 0)
            {
                return;
            }

            filled += read;
            string head = Encoding.ASCII.GetString(buffer, 0, filled);
            int end = head.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end < 0)
            {
                continue;
            }

            filled = 0;
            string body = $"{name}: {head.Split("\r\n")[0]} seen from {socket.RemoteEndPoint}\n" + await CallNextAsync();
            await stream.WriteAsync(Encoding.UTF8.GetBytes(
                $"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {body.Length}\r\n\r\n{body}"));
        }
    }
    catch (System.IO.IOException)
    {
        // The caller left.
    }
}

async Task<string> CallNextAsync()
{
    if (next is null)
    {
        return string.Empty;
    }

    try
    {
        return await client.GetStringAsync(next);
    }
    catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
    {
        return $"{name}: the call of {next} failed: {e.Message}\n";
    }
}
