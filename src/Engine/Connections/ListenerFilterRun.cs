using System.Diagnostics;
using System.IO.Pipelines;
using System.Threading.Tasks;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Reactors;
using FastMesh.Engine.Transport;

namespace FastMesh.Engine.Connections;

/// <summary>How the listener filters of a connection ended.</summary>
internal enum FilterOutcome
{
    /// <summary>All are done, or the time was over and the listener goes on regardless.</summary>
    Passed,

    /// <summary>The time was over.</summary>
    TimedOut,

    /// <summary>The peer left before a filter could decide.</summary>
    PeerEnded,

    /// <summary>A filter refused the bytes.</summary>
    Rejected,
}

/// <summary>
/// Runs the listener filters of one connection over bytes that stay in its receive buffers, in bounded time. Lives no
/// longer than that.
/// </summary>
/// <remarks>
/// A listener without a time limit (Istio writes 0 s) waits for ever for the client's first bytes, and a protocol whose
/// server speaks first hangs there. So where the connection would be relayed as opaque bytes if nothing more were
/// known,
/// the wait ends after <see cref="ServerFirstWaitMs"/> and the upstream gets its turn.
/// </remarks>
internal sealed class ListenerFilterRun
{
    /// <summary>
    /// The longest a silent client delays an opaque upstream. Above any first flight's round trips and one
    /// retransmission (RFC 6298 starts at 1 s); a person at a mail server's door hardly notices.
    /// </summary>
    public const long ServerFirstWaitMs = 3000;

    private readonly AcceptedConnection _connection;
    private readonly CompiledListener _listener;
    private int _index;
    private object? _state;
    private bool _goesOn;

    /// <param name="connection">The connection; only its facts change.</param>
    /// <param name="listener">Whose filters to run.</param>
    /// <param name="index">The first filter to run; those before are done.</param>
    public ListenerFilterRun(AcceptedConnection connection, CompiledListener listener, int index)
    {
        _connection = connection;
        _listener = listener;
        _index = index;
    }

    /// <summary>True when the time was over before the filters were done.</summary>
    public bool TimedOut { get; private set; }

    /// <summary>Runs what can run without bytes; true when that was all.</summary>
    public static bool TryRunWithoutBytes(AcceptedConnection connection, CompiledListener listener, out int index)
    {
        ListenerFilter[] filters = listener.Filters;
        for (index = 0; index < filters.Length; index++)
        {
            ListenerFilter filter = filters[index];
            if (filter.IsDisabled(connection.Facts))
            {
                continue;
            }

            if (filter.ReadsBytes)
            {
                return false;
            }

            filter.OnAccept(connection.Transport, ref connection.Facts);
        }

        return true;
    }

    public async Task<FilterOutcome> RunAsync()
    {
        Reactor reactor = _connection.Transport.Reactor;
        ReactorTimer? timer = null;
        long limitMs = LimitMs();
        if (limitMs > 0)
        {
            timer = new ReactorTimer(static reader => ((TransportReader)reader!).CancelPendingRead(),
                _connection.Transport.Reader);
            reactor.Timers.Schedule(timer, limitMs);
        }

        FilterOutcome outcome = FilterOutcome.Passed;
        while (_index < _listener.Filters.Length && outcome == FilterOutcome.Passed)
        {
            outcome = await RunFilterAsync(_listener.Filters[_index]);
            _index++;
        }

        if (timer is not null)
        {
            reactor.Timers.Cancel(timer);
        }

        if (outcome == FilterOutcome.TimedOut)
        {
            TimedOut = true;
            bool cutShort = _index <= _listener.Filters.Length && _listener.Filters[_index - 1].IsMandatory;
            outcome = _goesOn && !cutShort ? FilterOutcome.Passed : FilterOutcome.TimedOut;
        }

        return outcome;
    }

    private long LimitMs()
    {
        _goesOn = _listener.ContinueOnFilterTimeout;
        if (_listener.FilterTimeoutMs > 0)
        {
            return _listener.FilterTimeoutMs;
        }

        bool isOpaque = _listener.Selector.Select(_connection.Facts)?.IsOpaque ?? false;
        _goesOn |= isOpaque;
        return isOpaque ? _listener.ServerFirstWaitMs : 0;
    }

    private async ValueTask<FilterOutcome> RunFilterAsync(ListenerFilter filter)
    {
        if (filter.IsDisabled(_connection.Facts))
        {
            return FilterOutcome.Passed;
        }

        if (!filter.ReadsBytes)
        {
            filter.OnAccept(_connection.Transport, ref _connection.Facts);
            return FilterOutcome.Passed;
        }

        TransportReader reader = _connection.Transport.Reader;
        _state = null;
        while (true)
        {
            if (!reader.TryRead(out ReadResult read))
            {
                read = await reader.ReadAsync();
            }

            if (read.IsCanceled)
            {
                reader.AdvanceTo(read.Buffer.Start);
                return FilterOutcome.TimedOut;
            }

            if (!_connection.Transport.Error.IsNone || (read.IsCompleted && read.Buffer.IsEmpty))
            {
                reader.AdvanceTo(read.Buffer.Start);
                return FilterOutcome.PeerEnded;
            }

            bool isEnd = read.IsCompleted || read.Buffer.Length >= ListenerFilter.PeekBytesMax;
            FilterVerdict verdict = Inspect(filter, read, isEnd, out long consumed);
            if (verdict == FilterVerdict.NeedMore && !isEnd)
            {
                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                continue;
            }

            reader.AdvanceTo(read.Buffer.GetPosition(consumed));
            return verdict == FilterVerdict.Close || (verdict == FilterVerdict.NeedMore && filter.IsMandatory)
                ? FilterOutcome.Rejected
                : FilterOutcome.Passed;
        }
    }

    private FilterVerdict Inspect(ListenerFilter filter, in ReadResult read, bool isEnd, out long consumed)
    {
        FilterInput input = new() { Bytes = read.Buffer, IsEnd = isEnd, State = _state };
        FilterVerdict verdict = filter.Inspect(ref input, ref _connection.Facts);
        Debug.Assert(input.Consumed <= read.Buffer.Length);
        consumed = verdict == FilterVerdict.Done ? input.Consumed : 0;
        _state = input.State;
        return verdict;
    }
}
