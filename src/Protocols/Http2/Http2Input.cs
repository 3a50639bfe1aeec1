using System;

namespace FastMesh.Protocols.Http2;

/// <summary>The way in: bytes to frames, frames to those who know them.</summary>
internal static class Http2Input
{
    /// <summary>See <see cref="Http2Session.Receive"/>.</summary>
    public static int Receive<THandler>(Http2State state, ReadOnlySpan<byte> input, ref THandler handler)
        where THandler : struct, IHttp2Handler
    {
        state.IsPaused = false;
        int at = state.PrefaceLeft > 0 ? ReadPreface(state, input) : 0;
        while (state.Fault == Http2Fault.None)
        {
            if (state.IsInData)
            {
                if (!DataFrames.OnPayload(state, ref handler, input, ref at))
                {
                    return at;
                }

                // The payload may have ended the connection.
                state.IsInData = false;
                continue;
            }

            if (state.IsPaused || at == input.Length)
            {
                return at;
            }

            int lengthMax = Math.Max(state.Local.FrameBytesMax, state.Announced.FrameBytesMax);
            FrameStep step = state.Reader.Read(input, ref at, lengthMax, state.Memory, out ReadOnlySpan<byte> payload);
            if (step == FrameStep.NeedMore)
            {
                return at;
            }

            OnFrame(state, ref handler, step, payload);
            state.Failed(state.Budget.Owed(state.Limits));
        }

        state.ReleaseMemory();
        return input.Length;
    }

    private static void OnFrame<THandler>(
        Http2State state, ref THandler handler, FrameStep step, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        FrameHeader header = state.Reader.Header;
        if (step == FrameStep.TooLong)
        {
            state.Fail(Http2Fault.FrameTooLong);
        }
        else if (!IsExpected(state, header))
        {
            return;
        }
        else if (step == FrameStep.DataHeader)
        {
            state.IsInData = true;
            DataFrames.OnHeader(state, ref handler, header);
        }
        else
        {
            Dispatch(state, ref handler, header, payload);
        }
    }

    private static bool IsExpected(Http2State state, FrameHeader header)
    {
        // RFC 9113 §3.4: SETTINGS come first. §4.3: nothing comes between the fragments of a block.
        Http2Fault fault = !state.SettingsReceived
            && (header.Type != FrameType.Settings || header.Has(FrameFlags.Ack)) ? Http2Fault.SettingsNotFirst
            : state.Block.StreamId != 0 && header.Type != FrameType.Continuation ? Http2Fault.BrokenFieldBlock
            : Http2Fault.None;
        return !state.Failed(fault);
    }

    private static void Dispatch<THandler>(
        Http2State state, ref THandler handler, FrameHeader header, ReadOnlySpan<byte> payload)
        where THandler : struct, IHttp2Handler
    {
        switch (header.Type)
        {
            case FrameType.Headers:
                FieldBlocks.OnHeaders(state, ref handler, header, payload);
                break;
            case FrameType.WindowUpdate:
                ControlFrames.OnWindowUpdate(state, ref handler, header, payload);
                break;
            case FrameType.RstStream:
                ControlFrames.OnRstStream(state, ref handler, header, payload);
                break;
            case FrameType.Settings:
                ControlFrames.OnSettings(state, ref handler, header, payload);
                break;
            case FrameType.Ping:
                ControlFrames.OnPing(state, ref handler, header, payload);
                break;
            case FrameType.Continuation:
                FieldBlocks.OnContinuation(state, ref handler, header, payload);
                break;
            case FrameType.GoAway:
                ControlFrames.OnGoAway(state, ref handler, header, payload);
                break;
            case FrameType.Priority:
                ControlFrames.OnPriority(state, ref handler, header, payload);
                break;
            case FrameType.PriorityUpdate:
                ControlFrames.OnPriorityUpdate(state, header, payload);
                break;
            case FrameType.PushPromise:
                state.Fail(Http2Fault.PushPromise);
                break;
            default:
                state.Failed(state.Budget.Unknown());
                break;
        }
    }

    private static int ReadPreface(Http2State state, ReadOnlySpan<byte> input)
    {
        ReadOnlySpan<byte> expected = FrameWriter.Preface[^state.PrefaceLeft..];
        int count = Math.Min(expected.Length, input.Length);
        if (!input[..count].SequenceEqual(expected[..count]))
        {
            state.Fail(Http2Fault.MalformedPreface);
            return input.Length;
        }

        state.PrefaceLeft -= count;
        return count;
    }
}
