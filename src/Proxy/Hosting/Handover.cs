using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO.Pipes;
using System.Linq;
using FastMesh.Engine.Connections;

namespace FastMesh.Proxy.Hosting;

/// <summary>
/// What a process leaves to the one that replaces it: its listening sockets, by descriptors that the other inherits,
/// and a pipe on which that one says that it is ready. It stands in an environment variable, a line each:
/// <code>
/// io_uring 1234 17            transport, process that hands over, descriptor of the pipe
/// 5,6 127.0.0.1%3A8080        descriptors and address of a listener
/// 9 admin                     the admin interface
/// </code>
/// </summary>
internal sealed record Handover(
    string Transport, int Process, string ReadyPipe, IReadOnlyList<HandedSockets> Sockets, int? Admin)
{
    private const string Variable = "FASTMESH_HANDOVER";
    private const string AdminKey = "admin";

    /// <summary>What was left to this process, or null; taken once, so that no child finds it.</summary>
    public static Handover? Take()
    {
        string? text = Environment.GetEnvironmentVariable(Variable);
        Environment.SetEnvironmentVariable(Variable, null);
        return string.IsNullOrEmpty(text) ? null : Parse(text);
    }

    /// <summary>Puts it where the process that is to be started finds it.</summary>
    public void Write(IDictionary<string, string?> environment)
    {
        IEnumerable<HandedSockets> all =
            Admin is { } admin ? [.. Sockets, new HandedSockets(AdminKey, [admin])] : Sockets;
        environment[Variable] = string.Join('\n', all
            .Select(static one => string.Join(',', one.Descriptors) + " " + Uri.EscapeDataString(one.Key))
            .Prepend(string.Create(CultureInfo.InvariantCulture, $"{Transport} {Process} {ReadyPipe}")));
    }

    /// <summary>Tells the process that handed over that this one serves.</summary>
    public void TellReady()
    {
        using AnonymousPipeClientStream pipe = new(PipeDirection.Out, ReadyPipe);
        pipe.WriteByte(1);
    }

    private static Handover Parse(string text)
    {
        string[] lines = text.Split('\n');
        string[] first = lines[0].Split(' ');
        List<HandedSockets> sockets = [];
        int? admin = null;
        foreach (string line in lines.Skip(1))
        {
            int space = line.IndexOf(' ', StringComparison.Ordinal);
            int[] descriptors = Array.ConvertAll(
                line[..space].Split(','), static number => int.Parse(number, CultureInfo.InvariantCulture));
            string key = Uri.UnescapeDataString(line[(space + 1)..]);
            if (key == AdminKey)
            {
                admin = descriptors[0];
            }
            else
            {
                sockets.Add(new HandedSockets(key, descriptors));
            }
        }

        return new Handover(first[0], int.Parse(first[1], CultureInfo.InvariantCulture), first[2], sockets, admin);
    }
}
