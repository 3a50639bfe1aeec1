namespace FastMesh.Engine.Upstream;

/// <summary>Requests in the order they came; one that is given up leaves from the middle.</summary>
internal struct PendingQueue
{
    private PendingRequest? _first;
    private PendingRequest? _last;

    public readonly PendingRequest? First => _first;

    public int Count { get; private set; }

    /// <summary>The first that takes a connection which has served others, or null.</summary>
    public readonly PendingRequest? FirstReusing
    {
        get
        {
            PendingRequest? request = _first;
            while (request is { WantsFresh: true })
            {
                request = request.Next;
            }

            return request;
        }
    }

    public void Add(PendingRequest request)
    {
        request.Previous = _last;
        request.Next = null;
        if (_last is null)
        {
            _first = request;
        }
        else
        {
            _last.Next = request;
        }

        _last = request;
        Count++;
    }

    public void Remove(PendingRequest request)
    {
        if (request.Previous is null)
        {
            _first = request.Next;
        }
        else
        {
            request.Previous.Next = request.Next;
        }

        if (request.Next is null)
        {
            _last = request.Previous;
        }
        else
        {
            request.Next.Previous = request.Previous;
        }

        request.Next = null;
        request.Previous = null;
        Count--;
    }
}
