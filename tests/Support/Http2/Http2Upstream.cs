using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Tests.Support.Http2;

/// <summary>A request as an <see cref="Http2Upstream"/> got it.</summary>
internal sealed class Http2Got(Http2UpstreamConnection connection, StreamKey key, RequestHead head)
{
    public Http2UpstreamConnection Connection { get; } = connection;

    public StreamKey Key { get; } = key;

    public string Line { get; } =
        $"{Encoding.Latin1.GetString(head.MethodBytes)} {Encoding.Latin1.GetString(head.Path)} "
        + Encoding.Latin1.GetString(head.Authority);

    /// <summary><c>:protocol</c> of an extended CONNECT.</summary>
    public string Protocol { get; } = Encoding.Latin1.GetString(head.Upgrade);

    public string Fields { get; } = Http2Peer.Text(head.Fields);

    public StringBuilder Body { get; } = new();

    public string Trailers { get; set; } = "";

    /// <summary>It ended with END_STREAM.</summary>
    public bool IsWhole { get; set; }

    /// <summary>The proxy reset it.</summary>
    public Http2ErrorCode? ResetCode { get; set; }

    public ReadOnlyMemory<byte> Unsent { get; set; }

    public HttpFields? UnsentTrailers { get; set; }

    /// <summary>The answer goes on later: nothing ends with what is unsent now.</summary>
    public bool StaysOpen { get; set; }
}

/// <summary>
/// An HTTP/2 server on connections of the engine's transport, for tests: the codec's server role, and what the test
/// says about each request. Every head is told at once, the rest as it comes.
/// </summary>
internal sealed class Http2Upstream
{
    /// <summary>Streams that it takes at once.</summary>
    public int StreamsMax { get; set; } = 100;

    /// <summary>It takes extended CONNECT.</summary>
    public bool AllowsConnect { get; set; } = true;

    /// <summary>Called when bytes of a body have come.</summary>
    public Action<Http2Got>? Received { get; set; }

    /// <summary>Called when a request is whole.</summary>
    public Action<Http2Got> Whole { get; set; } = static got => got.Connection.Answer(got, 200, "hello");

    /// <summary>Called when a head has come.</summary>
    public Action<Http2Got>? Begun { get; set; }

    public List<Http2Got> Requests { get; } = [];

    public List<Http2UpstreamConnection> Connections { get; } = [];

    /// <summary>What comes is given back to the windows at once.</summary>
    public bool ConsumesData { get; set; } = true;

    /// <summary>PINGs are answered.</summary>
    public bool IsAlive { get; set; } = true;

    public void Accept(TransportConnection connection) =>
        Connections.Add(new Http2UpstreamConnection(this, connection));
}

/// <summary>One connection of an <see cref="Http2Upstream"/>.</summary>
internal sealed class Http2UpstreamConnection
{
    private readonly Http2Upstream _upstream;
    private readonly RequestHead _head = new();
    private readonly HttpFields _trailers = new();

    public Http2UpstreamConnection(Http2Upstream upstream, TransportConnection connection)
    {
        _upstream = upstream;
        Connection = connection;
        Session = new Http2Session(
            Http2Role.Server,
            Http2Limits.Default with { StreamsMax = upstream.StreamsMax, AllowConnect = upstream.AllowsConnect },
            new Http2Memory(), connection.Writer);
        Session.Start();
        connection.Writer.Flush();
        Ended = ReadAsync();
    }

    public TransportConnection Connection { get; }

    public Http2Session Session { get; }

    public Task Ended { get; }

    /// <summary>The proxy has said that it opens no more streams.</summary>
    public bool IsLeft { get; private set; }

    /// <summary>Answers, with trailers behind the body if there are any.</summary>
    public void Answer(
        Http2Got got, int status, string body = "", string fields = "", HttpFields? trailers = null,
        bool staysOpen = false)
    {
        var head = new ResponseHead { StatusCode = status };
        Http2Peer.Append(head.Fields, fields);
        long declared = head.Fields.TryGet(KnownField.ContentLength, out ReadOnlySpan<byte> text)
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : -1;
        head.Fields.Remove(KnownField.ContentLength);
        bool isFinal = status >= 200;
        bool hasBody = isFinal && (body.Length > 0 || trailers is not null || staysOpen);
        got.StaysOpen = staysOpen;
        head.Body = declared >= 0
            ? hasBody ? BodyLength.EndStreamDeclaring(declared) : BodyLength.NoneDeclaring(declared)
            : hasBody ? BodyLength.EndStream : BodyLength.None;
        Session.SubmitResponse(got.Key, head, endStream: isFinal && !hasBody);
        got.Unsent = Encoding.Latin1.GetBytes(body);
        got.UnsentTrailers = trailers;
        Session.SetPending(got.Key, hasBody);
        Pump();
    }

    /// <summary>Goes on with an answer that stayed open.</summary>
    public void Continue(Http2Got got, string body, bool isLast)
    {
        got.Unsent = (byte[])[.. got.Unsent.Span, .. Encoding.Latin1.GetBytes(body)];
        got.StaysOpen = !isLast;
        Session.SetPending(got.Key, isPending: true);
        Pump();
    }

    public void Reset(Http2Got got, Http2ErrorCode code)
    {
        Session.Reset(got.Key, code);
        Session.Release(got.Key);
        Pump();
    }

    /// <summary>Bytes that the codec would never make.</summary>
    public void SendRaw(byte[] bytes)
    {
        Connection.Writer.Append(bytes);
        Connection.Writer.Flush();
    }

    public void Pump()
    {
        while (Session.TryNextToSend(out StreamKey key))
        {
            var got = (Http2Got)Session.OwnerOf(key)!;
            int count = Session.BeginData(key, got.Unsent.Length, got.UnsentTrailers is null && !got.StaysOpen);
            if (count > 0)
            {
                Connection.Writer.Append(got.Unsent.Span[..count]);
                got.Unsent = got.Unsent[count..];
            }

            if (got.Unsent.IsEmpty)
            {
                Session.SetPending(key, isPending: false);
                if (got.UnsentTrailers is { } trailers)
                {
                    Session.SubmitTrailers(key, trailers);
                }
            }
        }

        Connection.Writer.Flush();
    }

    private async Task ReadAsync()
    {
        bool goesOn = true;
        while (goesOn)
        {
            ReadResult read = await Connection.Reader.ReadAsync();
            var handler = new Handler(this);
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                if (_upstream.IsAlive)
                {
                    Session.Receive(piece.Span, ref handler);
                }
            }

            Connection.Reader.AdvanceTo(read.Buffer.End);
            Session.OwedSent(Session.OwedFrames);
            Pump();
            goesOn = !read.IsCompleted && !Session.IsFailed;
        }

        Connection.Close();
    }

    private readonly struct Handler(Http2UpstreamConnection connection) : IHttp2Handler
    {
        public RequestHead RequestTarget() => connection._head;

        public void OnRequest(StreamKey stream, RequestHead head, bool endStream)
        {
            var got = new Http2Got(connection, stream, head);
            connection._upstream.Requests.Add(got);
            connection.Session.SetOwner(stream, got);
            connection._upstream.Begun?.Invoke(got);
            EndIf(got, endStream);
        }

        public void OnRequestRefused(int streamId, Http2Fault fault)
        {
        }

        public ResponseHead ResponseTarget(StreamKey stream) => throw new NotSupportedException();

        public void OnResponse(StreamKey stream, ResponseHead head, bool endStream) =>
            throw new NotSupportedException();

        public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream)
        {
            if (Got(stream) is not { } got)
            {
                return;
            }

            got.Body.Append(Encoding.Latin1.GetString(data));
            if (connection._upstream.ConsumesData)
            {
                connection.Session.ConsumeData(stream, data.Length);
            }

            connection._upstream.Received?.Invoke(got);
            EndIf(got, endStream);
        }

        public HttpFields TrailersTarget(StreamKey stream) => connection._trailers;

        public void OnTrailers(StreamKey stream, HttpFields trailers)
        {
            Http2Got got = Got(stream)!;
            got.Trailers = Http2Peer.Text(trailers);
            EndIf(got, true);
        }

        public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault)
        {
            if (Got(stream) is { } got)
            {
                got.ResetCode = code;
                connection.Session.Release(stream);
            }
        }

        public void OnSettings()
        {
        }

        public void OnPingAck(ulong opaque)
        {
        }

        public void OnGoAway(int lastStreamId, Http2ErrorCode code) => connection.IsLeft = true;

        private Http2Got? Got(StreamKey stream) => (Http2Got?)connection.Session.OwnerOf(stream);

        private void EndIf(Http2Got got, bool endStream)
        {
            if (endStream)
            {
                got.IsWhole = true;
                connection._upstream.Whole(got);
            }
        }
    }
}
