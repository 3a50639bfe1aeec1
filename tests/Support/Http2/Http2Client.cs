using System;
using System.Collections.Generic;
using System.IO.Pipelines;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Transport;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Tests.Support.Http2;

/// <summary>One request of an <see cref="Http2Client"/> and what came back.</summary>
internal sealed class Http2Call
{
    private readonly TaskCompletionSource<Http2Call> _done = new();

    /// <summary>Completes when the response has ended or the stream is dead.</summary>
    public Task<Http2Call> Done => _done.Task;

    public StreamKey Key { get; set; }

    /// <summary>0 when no head came.</summary>
    public int Status { get; set; }

    public string Fields { get; set; } = "";

    public string Trailers { get; set; } = "";

    public List<int> Interim { get; } = [];

    public StringBuilder Body { get; } = new();

    /// <summary>The response ended with END_STREAM.</summary>
    public bool IsWhole { get; set; }

    public Http2ErrorCode? ResetCode { get; set; }

    /// <summary>What is still to be sent.</summary>
    public ReadOnlyMemory<byte> Unsent { get; set; }

    public HttpFields? UnsentTrailers { get; set; }

    /// <summary>The body goes on later: nothing ends with what is unsent now.</summary>
    public bool StaysOpen { get; set; }

    /// <summary>Bytes that came and were not given back to the window.</summary>
    public int Unconsumed { get; set; }

    public void Finish() => _done.TrySetResult(this);

    public string? Field(string name)
    {
        int at = Fields.IndexOf('|' + name + '=', StringComparison.Ordinal);
        return at < 0 ? null : Fields[(at + name.Length + 2)..].Split('|')[0];
    }
}

/// <summary>
/// An HTTP/2 client on a connection of the engine's transport, for tests: the codec's client role, and nothing of the
/// rooms that are tested.
/// </summary>
internal sealed class Http2Client
{
    private readonly HashSet<Http2Call> _calls = [];
    private readonly ResponseHead _head = new();
    private readonly HttpFields _trailers = new();

    public Http2Client(TransportConnection connection, Http2Limits? limits = null)
    {
        Connection = connection;
        Session = new Http2Session(
            Http2Role.Client, limits ?? Http2Limits.Default, new Http2Memory(), connection.Writer);
        Session.Start();
        connection.Writer.Flush();
        Ended = ReadAsync();
    }

    public TransportConnection Connection { get; }

    public Http2Session Session { get; }

    /// <summary>Completes when the server has ended the connection.</summary>
    public Task Ended { get; }

    /// <summary>Nothing can be sent or received any more.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What comes is given back to the windows at once.</summary>
    public bool ConsumesData { get; set; } = true;

    /// <summary>The GOAWAYs that came.</summary>
    public List<(int Last, Http2ErrorCode Code)> GoAways { get; } = [];

    public int PingAcks { get; private set; }

    public Http2Call Get(string path, string fields = "") => Send("GET", path, fields, default);

    public Http2Call Post(string path, string body, string fields = "", HttpFields? trailers = null) =>
        Send("POST", path, fields, Encoding.Latin1.GetBytes(body), trailers);

    /// <summary>Sends a request; fields are lines of "name: value".</summary>
    public Http2Call Send(
        string method, string path, string fields, ReadOnlyMemory<byte> body, HttpFields? trailers = null,
        bool staysOpen = false, string protocol = "")
    {
        var head = new RequestHead();
        head.SetMethod(Encoding.Latin1.GetBytes(method));
        head.SetPath(Encoding.Latin1.GetBytes(path));
        head.SetAuthority(method == "CONNECT" && protocol.Length == 0 ? "proxy.test:80"u8 : "proxy.test"u8);
        head.SetUpgrade(Encoding.Latin1.GetBytes(protocol));
        Http2Peer.Append(head.Fields, fields);

        bool hasBody = !body.IsEmpty || trailers is not null || staysOpen;
        var call = new Http2Call { Unsent = body, UnsentTrailers = trailers, StaysOpen = staysOpen };
        SubmitResult sent = Session.TrySubmitRequest(head, endStream: !hasBody, call, out StreamKey key);
        if (sent != SubmitResult.Sent || IsOver)
        {
            call.ResetCode = Http2ErrorCode.RefusedStream;
            call.Finish();
            return call;
        }

        call.Key = key;
        _calls.Add(call);
        if (hasBody)
        {
            Session.SetPending(key, isPending: true);
        }

        Pump();
        return call;
    }

    /// <summary>Goes on with a body that stayed open.</summary>
    public void Continue(Http2Call call, string body, bool isLast)
    {
        byte[] rest = [.. call.Unsent.Span, .. Encoding.Latin1.GetBytes(body)];
        call.Unsent = rest;
        call.StaysOpen = !isLast;
        Session.SetPending(call.Key, isPending: true);
        Pump();
    }

    /// <summary>Gives back what a slow reader has read by now.</summary>
    public void Consume(Http2Call call, int bytes)
    {
        bytes = Math.Min(bytes, call.Unconsumed);
        call.Unconsumed -= bytes;
        Session.ConsumeData(call.Key, bytes);
        Pump();
    }

    public void Reset(Http2Call call, Http2ErrorCode code = Http2ErrorCode.Cancel)
    {
        Session.Reset(call.Key, code);
        Session.Release(call.Key);
        call.ResetCode = code;
        call.Finish();
        Pump();
    }

    /// <summary>Sends bytes as they are, such as frames that the codec would never make.</summary>
    public void SendRaw(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            Connection.Writer.Append(frame);
        }

        Connection.Writer.Flush();
    }

    public void Pump()
    {
        while (Session.TryNextToSend(out StreamKey key))
        {
            SendSome((Http2Call)Session.OwnerOf(key)!);
        }

        Connection.Writer.Flush();
    }

    private void SendSome(Http2Call call)
    {
        bool ends = call.UnsentTrailers is null && !call.StaysOpen;
        int count = Session.BeginData(call.Key, call.Unsent.Length, ends);
        if (count > 0)
        {
            Connection.Writer.Append(call.Unsent.Span[..count]);
            call.Unsent = call.Unsent[count..];
        }

        if (call.Unsent.IsEmpty)
        {
            Session.SetPending(call.Key, isPending: false);
            if (call.UnsentTrailers is { } trailers)
            {
                Session.SubmitTrailers(call.Key, trailers);
            }
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            await ReadToEndAsync();
        }
        finally
        {
            IsOver = true;
            Connection.Close();
            foreach (Http2Call call in _calls.ToArray())
            {
                call.Finish();
            }
        }
    }

    private async Task ReadToEndAsync()
    {
        bool goesOn = true;
        while (goesOn)
        {
            ReadResult read = await Connection.Reader.ReadAsync();
            var handler = new Handler(this);
            foreach (ReadOnlyMemory<byte> piece in read.Buffer)
            {
                Session.Receive(piece.Span, ref handler);
            }

            Connection.Reader.AdvanceTo(read.Buffer.End);
            Session.OwedSent(Session.OwedFrames);
            Pump();
            goesOn = !read.IsCompleted && !Session.IsFailed;
        }
    }

    private void End(Http2Call call)
    {
        _calls.Remove(call);
        Session.Release(call.Key);
        call.Finish();
    }

    private readonly struct Handler(Http2Client client) : IHttp2Handler
    {
        public RequestHead RequestTarget() => throw new NotSupportedException();

        public void OnRequest(StreamKey stream, RequestHead head, bool endStream) => throw new NotSupportedException();

        public void OnRequestRefused(int streamId, Http2Fault fault) => throw new NotSupportedException();

        public ResponseHead ResponseTarget(StreamKey stream) => client._head;

        public void OnResponse(StreamKey stream, ResponseHead head, bool endStream)
        {
            Http2Call call = Call(stream)!;
            if (head.StatusCode < 200)
            {
                call.Interim.Add(head.StatusCode);
                return;
            }

            call.Status = head.StatusCode;
            call.Fields = Http2Peer.Text(head.Fields);
            EndIf(call, endStream);
        }

        public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream)
        {
            Http2Call call = Call(stream)!;
            call.Body.Append(Encoding.Latin1.GetString(data));
            if (client.ConsumesData)
            {
                client.Session.ConsumeData(stream, data.Length);
            }
            else
            {
                call.Unconsumed += data.Length;
            }

            EndIf(call, endStream);
        }

        public HttpFields TrailersTarget(StreamKey stream) => client._trailers;

        public void OnTrailers(StreamKey stream, HttpFields trailers)
        {
            Http2Call call = Call(stream)!;
            call.Trailers = Http2Peer.Text(trailers);
            EndIf(call, true);
        }

        public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault)
        {
            if (Call(stream) is { } call)
            {
                call.ResetCode = code;
                client.End(call);
            }
        }

        public void OnSettings()
        {
        }

        public void OnPingAck(ulong opaque) => client.PingAcks++;

        public void OnGoAway(int lastStreamId, Http2ErrorCode code) => client.GoAways.Add((lastStreamId, code));

        private Http2Call? Call(StreamKey stream) => (Http2Call?)client.Session.OwnerOf(stream);

        private void EndIf(Http2Call call, bool endStream)
        {
            if (endStream)
            {
                call.IsWhole = true;
                client.End(call);
            }
        }
    }
}
