using System;
using System.IO;
using System.Threading;
using FastMesh.Bench.Load.Machine;

namespace FastMesh.Bench.Load.Peers;

/// <summary>nginx with static answers of four sizes and a sink that reads a whole POST before it answers.</summary>
internal sealed class Backend : IDisposable
{
    public const int Bytes16K = 16 * 1024;
    public const int Bytes1M = 1024 * 1024;
    public const int Bytes8M = 8 * 1024 * 1024;

    private ChildProcess _process;

    private Backend(int port, int http2Port, ChildProcess process)
    {
        Port = port;
        Http2Port = http2Port;
        _process = process;
    }

    public int Port { get; }

    /// <summary>Where it speaks HTTP/2 from the first byte.</summary>
    public int Http2Port { get; }

    public static Backend Start()
    {
        string files = Path.Combine(Workspace.Folder, "answers");
        Directory.CreateDirectory(files);
        WriteAnswer(files, "100", 100);
        WriteAnswer(files, "1k", 1024);
        WriteAnswer(files, "16k", Bytes16K);
        WriteAnswer(files, "1m", Bytes1M);
        WriteAnswer(files, "8m", Bytes8M);
        int port = ChildProcess.FreePort();
        int http2Port = ChildProcess.FreePort();
        string config = NginxFiles.Server("backend", "", $$"""
            sendfile on;
            tcp_nopush on;
            open_file_cache max=16 inactive=1d;
            open_file_cache_valid 1d;
            client_max_body_size 16m;
            client_body_buffer_size 2m;
            server {
              listen 127.0.0.1:{{port}} backlog=16384;
              listen 127.0.0.1:{{http2Port}} http2 backlog=16384;
              http2_max_concurrent_streams 1000;
              listen unix:{{Workspace.Folder}}/sink;
              root {{files}};
              location = /100 { return 200 "{{new string('x', 100)}}"; }
              location = /app/100 { return 200 "{{new string('x', 100)}}"; }
              location = /1k { return 200 "{{new string('x', 1024)}}"; }
              location = /taken { return 200 "{{new string('t', 100)}}"; }
              location = /sink {
                proxy_pass_request_body off;
                proxy_set_header Content-Length "";
                proxy_set_header Transfer-Encoding "";
                proxy_method GET;
                proxy_pass http://unix:{{Workspace.Folder}}/sink:/taken;
              }
              location / { }
            }
            """);
        string path = Workspace.Write("backend.conf", config);
        Backend backend = new(port, http2Port, Launch(path));
        backend.WaitUntilReady();
        return backend;
    }

    /// <summary>Ends the backend hard: connections are reset under their requests.</summary>
    public void Kill()
    {
        foreach (int member in ProcessTree.Members(_process.Id))
        {
            _ = LibC.Kill(member, LibC.SigKill);
        }

        _process.WaitForExit(TimeSpan.FromSeconds(2));
        File.Delete(Path.Combine(Workspace.Folder, "sink"));
    }

    /// <summary>Starts it again on the same port.</summary>
    public void Restart()
    {
        _process.Dispose();
        _process = Launch(Path.Combine(Workspace.Folder, "backend.conf"));
        WaitUntilReady();
    }

    public void Dispose() => _process.Dispose();

    private static ChildProcess Launch(string config) =>
        ChildProcess.Start("backend", SteadyMachine.OtherCore, NginxFiles.Command(config));

    private void WaitUntilReady()
    {
        for (int tries = 0; !Proxy.Answers(Port, new ProxyShape()); tries++)
        {
            if (tries > 2000 || _process.Ended)
            {
                throw new InvalidOperationException("the backend does not answer:\n" + _process.LogTail());
            }

            Thread.Sleep(1);
        }
    }

    private static void WriteAnswer(string folder, string name, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill((byte)'x');
        File.WriteAllBytes(Path.Combine(folder, name), bytes);
    }
}
