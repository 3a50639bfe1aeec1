using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using FastMesh.Engine.Reactors;
using FastMesh.Protocols;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace FastMesh.Engine.Transport;

/// <summary>
/// A connection of one reactor as the framework's abstractions see it. What only these ask for is made when it is asked
/// for, so that a connection of ours does without; <see cref="Abort()"/> and <see cref="DisposeAsync"/> come from any
/// thread.
/// </summary>
internal abstract class ReactorConnection : ConnectionContext, IDuplexPipe
{
    private Extras? _extras;

    /// <summary>The reactor that serves it.</summary>
    public abstract Reactor Reactor { get; }

    /// <summary>Unique in the process.</summary>
    public abstract ulong Id { get; }

    /// <summary>The peer's address.</summary>
    public abstract NetAddress RemoteAddress { get; internal set; }

    /// <summary>Our address; with TPROXY the one the peer meant.</summary>
    public abstract NetAddress LocalAddress { get; internal set; }

    /// <summary>True once closed, gracefully or not.</summary>
    public abstract bool IsClosed { get; }

    /// <inheritdoc/>
    public abstract PipeReader Input { get; }

    /// <inheritdoc/>
    public abstract PipeWriter Output { get; }

    /// <inheritdoc/>
    public override IDuplexPipe Transport
    {
        get => _extras?.Transport ?? this;
        set => More.Transport = value;
    }

    /// <inheritdoc/>
    public override string ConnectionId
    {
        get => More.Name ??= Id.ToString(CultureInfo.InvariantCulture);
        set => More.Name = value;
    }

    /// <inheritdoc/>
    public override IFeatureCollection Features => More.Features ??= new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => More.Items ??= new ConnectionItems();
        set => More.Items = value;
    }

    /// <inheritdoc/>
    public override CancellationToken ConnectionClosed
    {
        get
        {
            More.ClosedSource ??= new CancellationTokenSource();
            if (IsClosed)
            {
                More.ClosedSource.Cancel();
            }

            return More.ClosedSource.Token;
        }
        set => throw new NotSupportedException("the transport knows when the connection is closed");
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint
    {
        get => LocalAddress.ToIPEndPoint();
        set => throw new NotSupportedException("the address is the kernel's");
    }

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint
    {
        get => RemoteAddress.ToIPEndPoint();
        set => throw new NotSupportedException("the address is the kernel's");
    }

    private Extras More => _extras ??= new Extras();

    /// <summary>Closes when all that was written is sent. Unread input is dropped.</summary>
    public abstract void Close();

    /// <summary>Closes at once, dropping what is queued; with RST when <paramref name="reset"/>.</summary>
    public abstract void Abort(bool reset);

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason) => Abort();

    /// <inheritdoc/>
    public override void Abort() => Run(static connection => ((ReactorConnection)connection!).Abort(reset: true));

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Run(static connection => ((ReactorConnection)connection!).Close());
        return base.DisposeAsync();
    }

    public override string ToString() => FormattableString.Invariant($"connection {Id} {RemoteAddress}");

    /// <summary>The framework's part of the end.</summary>
    protected void SignalClosed() => _extras?.ClosedSource?.Cancel();

    private void Run(Action<object?> action)
    {
        if (Reactor.InLoop)
        {
            action(this);
        }
        else
        {
            Reactor.Post(action, this);
        }
    }

    private sealed class Extras
    {
        public IDuplexPipe? Transport { get; set; }

        public string? Name { get; set; }

        public IFeatureCollection? Features { get; set; }

        public IDictionary<object, object?>? Items { get; set; }

        public CancellationTokenSource? ClosedSource { get; set; }
    }
}
