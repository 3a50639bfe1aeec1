using System;
using System.Buffers;
using System.Runtime.ExceptionServices;

namespace FastMesh.Tls;

/// <summary>
/// What one call into OpenSSL reads its ciphertext from and writes its ciphertext to: OpenSSL's BIO calls back here.
/// </summary>
internal sealed class TlsWire
{
    private ReadOnlySequence<byte> _input;
    private ReadOnlyMemory<byte> _segment;
    private SequencePosition _next;
    private long _pulled;
    private IBufferWriter<byte>? _output;
    private ExceptionDispatchInfo? _outputFailure;

    /// <summary>A call begins.</summary>
    public void Begin(in ReadOnlySequence<byte> input, IBufferWriter<byte> output)
    {
        _input = input;
        _next = input.Start;
        _segment = default;
        _pulled = 0;
        _output = output;
    }

    /// <summary>The call is over: cuts off what was consumed, and throws what the writer threw.</summary>
    public void End(ref ReadOnlySequence<byte> input)
    {
        _output = null;
        _input = default;
        _next = default;
        _segment = default;
        if (_pulled > 0)
        {
            input = input.Slice(_pulled);
        }

        if (_outputFailure is { } failure)
        {
            _outputFailure = null;
            failure.Throw();
        }
    }

    /// <summary>OpenSSL wants bytes from the peer.</summary>
    /// <returns>The bytes copied; 0 when there are none.</returns>
    public int Pull(Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length)
        {
            if (_segment.IsEmpty)
            {
                if (!_input.TryGet(ref _next, out _segment))
                {
                    break;
                }

                continue;
            }

            int take = Math.Min(_segment.Length, destination.Length - copied);
            _segment.Span[..take].CopyTo(destination[copied..]);
            _segment = _segment[take..];
            copied += take;
        }

        _pulled += copied;
        return copied;
    }

    /// <summary>
    /// OpenSSL has bytes for the peer. What the writer throws is thrown again when OpenSSL has returned.
    /// </summary>
    public bool Push(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _output!.Write(bytes);
            return true;
        }
#pragma warning disable CA1031 // nothing may unwind through OpenSSL's frames
        catch (Exception failure)
#pragma warning restore CA1031
        {
            _outputFailure = ExceptionDispatchInfo.Capture(failure);
            return false;
        }
    }
}
