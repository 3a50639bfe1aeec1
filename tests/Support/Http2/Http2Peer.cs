using System;
using System.Buffers;
using System.Globalization;
using System.Text;
using FastMesh.Protocols;
using FastMesh.Protocols.Http2;

namespace FastMesh.Tests.Support.Http2;

/// <summary>A session whose events are written down, and whose output can be given to another or looked at.</summary>
internal sealed class Http2Peer
{
    private readonly StringBuilder _events = new();
    private readonly RequestHead _request = new();
    private readonly ResponseHead _response = new();
    private readonly HttpFields _trailers = new();
    private int _openData;

    public Http2Peer(Http2Role role, Http2Limits? limits = null)
    {
        Session = new Http2Session(role, limits ?? Http2Limits.Default, new Http2Memory(), Output);
        Session.Start();
    }

    /// <summary>The session.</summary>
    public Http2Session Session { get; }

    /// <summary>What it has written.</summary>
    public ArrayBufferWriter<byte> Output { get; } = new();

    /// <summary>Bytes of DATA are consumed as they come, unless told otherwise.</summary>
    public bool ConsumesData { get; set; } = true;

    /// <summary>Streams that are reset are released at once, unless told otherwise.</summary>
    public bool ReleasesResets { get; set; } = true;

    /// <summary>Data that follow each other on a stream are written down as one.</summary>
    public bool JoinsData { get; set; }

    /// <summary>Called with each request, to answer it.</summary>
    public Action<StreamKey, RequestHead>? OnRequest { get; set; }

    /// <summary>Called with each data, its end included.</summary>
    public Action<StreamKey, bool>? OnData { get; set; }

    /// <summary>The last request or response stream heard of.</summary>
    public StreamKey LastStream { get; private set; } = StreamKey.None;

    /// <summary>The last request head.</summary>
    public RequestHead Request => _request;

    /// <summary>What happened since the last look.</summary>
    public string TakeEvents()
    {
        string events = _events.ToString();
        _events.Clear();
        return events;
    }

    /// <summary>What was written since the last look, as frames.</summary>
    public string TakeFrames()
    {
        ReadOnlySpan<byte> written = Output.WrittenSpan;
        if (written.StartsWith(FrameWriter.Preface))
        {
            written = written[FrameWriter.Preface.Length..];
        }

        string frames = Frames.Describe(written);
        Output.ResetWrittenCount();
        return frames;
    }

    /// <summary>Gives bytes to the session, in pieces of at most <paramref name="step"/>.</summary>
    public void Receive(ReadOnlySpan<byte> bytes, int step = int.MaxValue)
    {
        Recorder recorder = new(this);
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(step, bytes.Length)];
            int used = Session.Receive(piece, ref recorder);
            bytes = bytes[used..];
        }
    }

    /// <summary>Gives frames to the session, one after the other.</summary>
    public void Receive(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
        {
            Receive(frame.AsSpan());
        }
    }

    /// <summary>Gives all that this one has written to another; true when there was anything.</summary>
    public bool SendTo(Http2Peer other, int step = int.MaxValue)
    {
        if (Output.WrittenCount == 0)
        {
            return false;
        }

        byte[] bytes = Output.WrittenSpan.ToArray();
        Output.ResetWrittenCount();
        Session.OwedSent(Session.OwedFrames);
        other.Receive(bytes, step);
        return true;
    }

    /// <summary>Passes bytes both ways until none are left.</summary>
    public static void Exchange(Http2Peer one, Http2Peer other, int step = int.MaxValue)
    {
        bool any = true;
        while (any)
        {
            any = one.SendTo(other, step) | other.SendTo(one, step);
        }
    }

    /// <summary>A server whose client has said hello, its own hello taken away.</summary>
    public static Http2Peer Server(Http2Limits? limits = null)
    {
        Http2Peer server = new(Http2Role.Server, limits);
        server.Receive(Frames.Preface, Frames.Settings(), Frames.SettingsAck());
        server.TakeFrames();
        server.TakeEvents();
        return server;
    }

    /// <summary>A client whose server has said hello, its own hello taken away.</summary>
    public static Http2Peer Client(Http2Limits? limits = null, params (int Id, uint Value)[] settings)
    {
        Http2Peer client = new(Http2Role.Client, limits);
        client.Receive(Frames.Settings(settings), Frames.SettingsAck());
        client.TakeFrames();
        client.TakeEvents();
        return client;
    }

    /// <summary>Fields as "name=value" lines.</summary>
    /// <summary>Adds lines of "name: value".</summary>
    public static void Append(HttpFields fields, string lines)
    {
        foreach (string line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int colon = line.IndexOf(": ", StringComparison.Ordinal);
            fields.Append(Encoding.Latin1.GetBytes(line[..colon]), Encoding.Latin1.GetBytes(line[(colon + 2)..]));
        }
    }

    public static string Text(HttpFields fields)
    {
        StringBuilder text = new();
        for (int i = 0; i < fields.Count; i++)
        {
            text.Append('|').Append(Latin(fields.Name(i))).Append('=').Append(Latin(fields.Value(i)));
        }

        return text.ToString();
    }

    private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private void Note(string text)
    {
        _openData = 0;
        _events.Append(text).Append('\n');
    }

    private void NoteData(int streamId, string data, bool endStream)
    {
        if (JoinsData && _openData == streamId)
        {
            _events.Length--;
            _events.Append(data).Append(endStream ? " END\n" : "\n");
        }
        else
        {
            Note($"data {streamId} {data}{(endStream ? " END" : "")}");
        }

        _openData = endStream ? 0 : streamId;
    }

    private readonly struct Recorder(Http2Peer peer) : IHttp2Handler
    {
        public RequestHead RequestTarget() => peer._request;

        public void OnRequest(StreamKey stream, RequestHead head, bool endStream)
        {
            peer.LastStream = stream;
            string upgrade = head.HasUpgrade ? $" :protocol={Latin(head.Upgrade)}" : "";
            peer.Note($"request {stream.Id} {Latin(head.MethodBytes)} {Latin(head.Scheme)}://{Latin(head.Authority)}"
                + $"{Latin(head.Path)}{upgrade} {head.Body}{Text(head.Fields)}{(endStream ? " END" : "")}");
            peer.OnRequest?.Invoke(stream, head);
        }

        public void OnRequestRefused(int streamId, Http2Fault fault) => peer.Note($"refused {streamId} {fault}");

        public ResponseHead ResponseTarget(StreamKey stream) => peer._response;

        public void OnResponse(StreamKey stream, ResponseHead head, bool endStream)
        {
            peer.LastStream = stream;
            peer.Note(string.Create(CultureInfo.InvariantCulture, $"response {stream.Id} {head.StatusCode} ")
                + $"{head.Body}{Text(head.Fields)}{(endStream ? " END" : "")}");
        }

        public void OnData(StreamKey stream, ReadOnlySpan<byte> data, int offset, bool endStream)
        {
            peer.NoteData(stream.Id, Latin(data), endStream);
            if (peer.ConsumesData)
            {
                peer.Session.ConsumeData(stream, data.Length);
            }

            peer.OnData?.Invoke(stream, endStream);
        }

        public HttpFields TrailersTarget(StreamKey stream) => peer._trailers;

        public void OnTrailers(StreamKey stream, HttpFields trailers) =>
            peer.Note($"trailers {stream.Id}{Text(trailers)} END");

        public void OnReset(StreamKey stream, Http2ErrorCode code, Http2Fault fault)
        {
            peer.Note($"reset {stream.Id} {code} {fault}");
            if (peer.ReleasesResets)
            {
                peer.Session.Release(stream);
            }
        }

        public void OnSettings() => peer.Note("settings");

        public void OnPingAck(ulong opaque) => peer.Note($"ping-ack {opaque}");

        public void OnGoAway(int lastStreamId, Http2ErrorCode code) => peer.Note($"goaway {lastStreamId} {code}");
    }
}
