using System;
using System.Buffers;
using System.Collections.Generic;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;
using FastMesh.Tests.Fuzz.Engine;
using FastMesh.Tests.Support.Http2;

namespace FastMesh.Tests.Fuzz.Targets;

/// <summary>
/// A client session against a server session; the input says who does what. Neither ever finds fault with the other,
/// and every body arrives as it was sent.
/// </summary>
internal sealed class Http2PairTarget : FuzzTarget
{
    // Nobody here floods, but an input may well repeat one step a thousand times.
    private static readonly Http2Limits s_limits = new()
    {
        StreamWindowBytes = 2000,
        ConnectionWindowBytes = 70_000,
        StreamsMax = 20,
        Resets = new Http2Allowance(1 << 20, 0),
        PingFrames = new Http2Allowance(1 << 20, 0),
        SettingsFrames = new Http2Allowance(1 << 20, 0),
        StrayFrames = new Http2Allowance(1 << 20, 0),
        WindowUpdatesPerDataMax = 1 << 20,
        EmptyFramesInRowMax = 1 << 20,
        OwedFramesMax = 1 << 20,
    };

    public override string Name => "http2-pair";

    public override IEnumerable<byte[]> Seeds =>
    [
        [0, 5, 8, 3, 200, 8, 1, 9, 8, 2, 7, 8], [0, 0, 0, 8, 3, 255, 3, 255, 8, 4, 8, 5, 8, 6, 9],
        [7, 8, 0, 7, 8, 6, 8, 3, 1, 8],
    ];

    public override int Run(byte[] input)
    {
        Script script = new();
        for (int at = 0; at < input.Length && at < 3000; at++)
        {
            script.Step(input[at], at + 1 < input.Length ? input[at + 1] : (byte)0);
        }

        script.Finish();
        return script.Signature;
    }

    private sealed class Script
    {
        private readonly Http2Peer _client = new(Http2Role.Client, s_limits);
        private readonly Http2Peer _server = new(Http2Role.Server, s_limits);
        private readonly List<StreamKey> _asked = [];
        private readonly List<StreamKey> _taken = [];
        private long _up;
        private long _down;
        private long _upGot;
        private long _downGot;

        public Script()
        {
            _server.OnRequest = (stream, _) => _taken.Add(stream);
        }

        public int Signature => (int)((_up * 7) + (_down * 13) + _asked.Count + (_taken.Count << 8)) % 4096;

        public void Step(byte step, byte argument)
        {
            switch (step % 10)
            {
                case 0 or 1:
                    Ask(argument);
                    break;
                case 2 when _taken.Count > 0:
                    Answer(_taken[argument % _taken.Count], argument);
                    break;
                case 3 when _asked.Count > 0:
                    _up += Send(_client, _asked[argument % _asked.Count], argument * 40, argument % 5 == 0);
                    break;
                case 4 when _taken.Count > 0:
                    StreamKey stream = _taken[argument % _taken.Count];
                    bool answered = _server.Session.Contains(stream)
                        && _server.Session[stream].Has(StreamFlags.HeadSent);
                    _down += answered ? Send(_server, stream, argument * 40, argument % 5 == 0) : 0;
                    break;
                case 5 when _asked.Count > 0:
                    _client.Session.Reset(_asked[argument % _asked.Count], Http2ErrorCode.Cancel);
                    break;
                case 6:
                    Http2Peer changing = argument % 2 == 0 ? _client : _server;
                    changing.Session.TryChangeSettings(argument * 30, 5 + (argument % 30));
                    break;
                case 7 when _taken.Count > 0:
                    _server.Session.Release(_taken[argument % _taken.Count]);
                    break;
                case 8:
                    Pass(argument);
                    break;
                case 9:
                    (argument % 2 == 0 ? _client : _server).Session.Trim();
                    break;
                default:
                    _client.Session.SendPing(argument);
                    break;
            }
        }

        public void Finish()
        {
            Pass(0);
            Holds(_upGot <= _up && _downGot <= _down, "more arrived than was sent");
            foreach (StreamKey stream in _asked)
            {
                _client.Session.Release(stream);
            }

            Pass(0);
            foreach (StreamKey stream in _taken)
            {
                _server.Session.Release(stream);
            }

            Pass(1);
            Holds(_client.Session.StreamCount == 0 && _server.Session.StreamCount == 0, "streams are left");
            Holds(_client.Session.Fault == Http2Fault.None, $"client found {_client.Session.Fault}");
            Holds(_server.Session.Fault == Http2Fault.None, $"server found {_server.Session.Fault}");
        }

        private void Ask(byte argument)
        {
            RequestHead head = new();
            head.SetMethod(argument % 3 == 0 ? HttpMethod.Get : HttpMethod.Post);
            head.SetAuthority("a"u8);
            head.SetPath("/"u8);
            head.Fields.Append("x-argument"u8, Encoding.ASCII.GetBytes(new string('v', argument)));
            SubmitResult result = _client.Session.TrySubmitRequest(head, argument % 3 == 0, null, out StreamKey stream);
            if (result == SubmitResult.Sent)
            {
                _asked.Add(stream);
            }
        }

        private void Answer(StreamKey stream, byte argument)
        {
            if (_server.Session.Contains(stream) && !_server.Session[stream].Has(StreamFlags.HeadSent))
            {
                ResponseHead head = new() { StatusCode = 200 + (argument % 50) };
                head.Fields.Append("x-answer"u8, Encoding.ASCII.GetBytes(new string('w', argument % 40)));
                _server.Session.SubmitResponse(stream, head, argument % 4 == 0);
            }
        }

        private static int Send(Http2Peer peer, StreamKey stream, int bytes, bool endStream)
        {
            int count = Math.Max(0, peer.Session.BeginData(stream, bytes, endStream));
            peer.Output.Write(new byte[count]);
            return count;
        }

        private void Pass(byte step)
        {
            Http2Peer.Exchange(_client, _server, step == 0 ? int.MaxValue : step);
            _upGot += Count(_server.TakeEvents());
            _downGot += Count(_client.TakeEvents());
        }

        private static long Count(string events)
        {
            long bytes = 0;
            foreach (char character in events)
            {
                bytes += character == '\0' ? 1 : 0;
            }

            Holds(!events.Contains("refused", StringComparison.Ordinal)
                || events.Contains("TooManyStreams", StringComparison.Ordinal), "a valid request was refused");
            return bytes;
        }
    }
}
