using System.Diagnostics;
using FastMesh.Engine.Downstream;

namespace FastMesh.Engine.Connections;

/// <summary>
/// The live connections of one listener on one reactor: a list through the connections themselves, so that a connection
/// costs two links and no table entry. Reactor thread only.
/// </summary>
internal sealed class ConnectionTable
{
    private AcceptedConnection? _first;

    public int Count { get; private set; }

    public void Add(AcceptedConnection connection)
    {
        Debug.Assert(!connection.IsListed);
        connection.IsListed = true;
        connection.Next = _first;
        if (_first is not null)
        {
            _first.Previous = connection;
        }

        _first = connection;
        Count++;
    }

    public void Remove(AcceptedConnection connection)
    {
        Debug.Assert(connection.IsListed);
        if (connection.Previous is { } previous)
        {
            previous.Next = connection.Next;
        }
        else
        {
            _first = connection.Next;
        }

        if (connection.Next is { } next)
        {
            next.Previous = connection.Previous;
        }

        connection.Next = null;
        connection.Previous = null;
        connection.IsListed = false;
        Count--;
    }

    /// <summary>Asks every connection for a clean end. A connection may leave the table while it is asked.</summary>
    public void BeginDrain()
    {
        AcceptedConnection? connection = _first;
        while (connection is not null)
        {
            AcceptedConnection? next = connection.Next;
            connection.BeginDrain();
            connection = next;
        }
    }

    /// <summary>Cuts what is left at the end of a drain.</summary>
    public void CloseAll()
    {
        AcceptedConnection? connection = _first;
        while (connection is not null)
        {
            AcceptedConnection? next = connection.Next;
            connection.Transport.Abort(reset: false);
            connection = next;
        }
    }
}
