namespace FastMesh.Protocols.Http1;

/// <summary>
/// Chunk extensions (RFC 9112 §7.1.1): checked byte by byte so that nobody can hide a line end in one, charged to a
/// budget of the whole message, and dropped.
/// </summary>
internal struct Http1ChunkExtension
{
    private int _bytes;
    private State _state;

    private enum State : byte
    {
        NameStart,
        Name,
        AfterName,
        ValueStart,
        Value,
        Quoted,
        QuotedEscape,
        AfterQuoted,
        AfterValue,
    }

    /// <summary>Begins the first extension of a chunk, behind its semicolon.</summary>
    public void Begin() => _state = State.NameStart;

    /// <summary>Takes one byte; false on error. <paramref name="ended"/> on the CR that ends the line.</summary>
    public bool Take(byte value, int bytesMax, out bool ended, out ProtocolErrorCode error)
    {
        ended = false;
        if (++_bytes > bytesMax)
        {
            error = ProtocolErrorCode.ChunkExtensionsTooLarge;
            return false;
        }

        if (value == '\r' && _state is State.Name or State.Value or State.AfterQuoted)
        {
            ended = true;
        }

        bool taken = ended || Step(value);
        error = taken ? ProtocolErrorCode.None : ProtocolErrorCode.MalformedChunkExtension;
        return taken;
    }

    private bool Step(byte value)
    {
        switch (_state)
        {
            case State.Quoted:
                _state = value == '"' ? State.AfterQuoted : value == '\\' ? State.QuotedEscape : State.Quoted;
                return !IsControl(value);
            case State.QuotedEscape:
                _state = State.Quoted;
                return !IsControl(value);
            case State.NameStart or State.ValueStart:
                return Start(value);
            default:
                return Continue(value);
        }
    }

    private bool Start(byte value)
    {
        if (value is (byte)' ' or (byte)'\t')
        {
            return true;
        }

        if (_state == State.ValueStart && value == '"')
        {
            _state = State.Quoted;
            return true;
        }

        _state = _state == State.NameStart ? State.Name : State.Value;
        return Http1Grammar.IsTokenByte(value);
    }

    private bool Continue(byte value)
    {
        bool named = _state is State.Name or State.AfterName;
        switch (value)
        {
            case (byte)';':
                _state = State.NameStart;
                return true;
            case (byte)'=' when named:
                _state = State.ValueStart;
                return true;
            case (byte)' ' or (byte)'\t':
                _state = named ? State.AfterName : State.AfterValue;
                return true;
            default:
                return _state is State.Name or State.Value && Http1Grammar.IsTokenByte(value);
        }
    }

    private static bool IsControl(byte value) => (value < 0x20 && value != '\t') || value == 0x7F;
}
