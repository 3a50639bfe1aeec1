using System;
using System.IO;
using FastMesh.Engine.Reactors;

namespace FastMesh.Engine.Transport;

/// <summary>A transport and the reason for it, ready to make pollers.</summary>
internal sealed record TransportChoice(TransportKind Kind, string Reason, Func<Reactor, Poller> Create);

/// <summary>Decides between io_uring and epoll by trying, not by guessing from versions.</summary>
internal static unsafe class TransportProbe
{
    private const string DisabledFile = "/proc/sys/kernel/io_uring_disabled";
    private const uint RegisterProbe = 8;
    private const int ProbeHeaderBytes = 16;
    private const int ProbeOperationBytes = 8;
    private const int NotImplemented = 38;

    /// <summary>What to use, and why. Any thread; makes and closes a small ring.</summary>
    /// <exception cref="InvalidOperationException">io_uring was asked for and does not work here.</exception>
    public static TransportChoice Choose(TransportKind wanted = TransportKind.Auto)
    {
        if (wanted == TransportKind.Epoll)
        {
            return Epoll("epoll was asked for");
        }

        string? obstacle = FindObstacle();
        if (obstacle is null)
        {
            return new TransportChoice(
                TransportKind.Uring,
                wanted == TransportKind.Uring ? "io_uring was asked for" : "io_uring works here",
                static reactor => new UringPoller(reactor));
        }

        return wanted == TransportKind.Auto
            ? Epoll(obstacle)
            : throw new InvalidOperationException("io_uring does not work here: " + obstacle);
    }

    private static TransportChoice Epoll(string reason) =>
        new(TransportKind.Epoll, reason, static reactor => new EpollPoller(reactor));

    private static string? FindObstacle()
    {
        using Uring? ring = Uring.TryCreate(8, 16, out int errno);
        if (ring is null)
        {
            return Explain(errno);
        }

        var pool = new BufferPool(new BufferBudget(1 << 20));
        using ReceiveRing? buffers = ReceiveRing.TryCreate(ring, pool, BufferSize.Medium, 0, 8, 0, 1, out errno);
        return buffers is null
            ? "the kernel has no rings of provided buffers (Linux 5.19): " + new TransportError(errno).Text
            : FindMissingOperation(ring);
    }

    private static string Explain(int errno) => errno switch
    {
        NotImplemented => "the kernel has no io_uring",
        TransportError.NotPermitted or TransportError.AccessDenied => IsDisabled(out string setting)
            ? "io_uring is disabled: kernel.io_uring_disabled = " + setting
            : "io_uring is forbidden, probably by a seccomp filter",
        TransportError.Invalid => "the kernel is too old for io_uring with deferred task work (Linux 6.1)",
        TransportError.NoMemory => "no memory for an io_uring; the limit of locked memory may be too low",
        _ => "io_uring_setup: " + new TransportError(errno).Text,
    };

    private static bool IsDisabled(out string setting)
    {
        setting = "0";
        try
        {
            setting = File.ReadAllText(DisabledFile).Trim();
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }

        return setting != "0";
    }

    private static string? FindMissingOperation(Uring ring)
    {
        const int operations = 64;
        byte* probe = stackalloc byte[ProbeHeaderBytes + (operations * ProbeOperationBytes)];
        new Span<byte>(probe, ProbeHeaderBytes + (operations * ProbeOperationBytes)).Clear();
        int result = ring.Register(RegisterProbe, probe, operations);
        if (result < 0)
        {
            return "io_uring cannot be probed: " + new TransportError(-result).Text;
        }

        ReadOnlySpan<byte> needed =
        [
            Uring.OpPollAdd, Uring.OpSendMessage, Uring.OpAccept, Uring.OpCancel, Uring.OpConnect, Uring.OpSend,
            Uring.OpReceive,
        ];
        foreach (byte operation in needed)
        {
            byte* entry = probe + ProbeHeaderBytes + (operation * ProbeOperationBytes);
            if ((*(ushort*)(entry + 2) & 1) == 0)
            {
                return FormattableString.Invariant($"io_uring lacks operation {operation}");
            }
        }

        return null;
    }
}
