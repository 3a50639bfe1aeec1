using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace FastMesh.Engine.Reactors;

/// <summary>
/// What an async method on a reactor returns. Unlike <c>Task</c> it allocates nothing once its boxes are warm: a method
/// that finishes at once carries its value, one that waits lives in a box pooled per thread and state machine. Await it
/// exactly once, on the reactor that started it; the continuation runs inline.
/// </summary>
[AsyncMethodBuilder(typeof(ReactorTaskMethodBuilder<>))]
internal readonly struct ReactorTask<T>
{
    private readonly ReactorTaskBox<T>? _box;
    private readonly T _value;

    public ReactorTask(T value)
    {
        _value = value;
        _box = null;
    }

    internal ReactorTask(ReactorTaskBox<T> box)
    {
        _box = box;
        _value = default!;
    }

    public bool IsCompleted => _box is null || _box.IsCompleted;

    public Awaiter GetAwaiter() => new(this);

    /// <summary>Instead of an await, for a method that tells its end by itself and lets no exception out.</summary>
    public void Forget() => _box?.Forget();

    public readonly struct Awaiter : ICriticalNotifyCompletion
    {
        private readonly ReactorTask<T> _task;

        internal Awaiter(ReactorTask<T> task) => _task = task;

        public bool IsCompleted => _task.IsCompleted;

        public T GetResult() => _task._box is null ? _task._value : _task._box.TakeResult();

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => _task._box!.Continue(continuation);
    }
}

/// <summary>One running async method: its result, and who waits for it.</summary>
internal abstract class ReactorTaskBox<T>
{
    private Action? _continuation;
    private Exception? _error;
    private T _result = default!;
    private bool _isForgotten;

    public bool IsCompleted { get; private set; }

    /// <summary>Resumes the method; cached, so that an await allocates no delegate.</summary>
    public abstract Action MoveNextAction { get; }

    public void Continue(Action continuation) => _continuation = continuation;

    public void Forget()
    {
        _isForgotten = true;
        if (IsCompleted)
        {
            TakeResult();
        }
    }

    public void Complete(T result, Exception? error)
    {
        _result = result;
        _error = error;
        IsCompleted = true;
        Release();
        if (_isForgotten)
        {
            TakeResult();
            return;
        }

        Action? continuation = _continuation;
        _continuation = null;
        continuation?.Invoke();
    }

    /// <summary>Hands out the result once and gives the box back to its pool.</summary>
    public T TakeResult()
    {
        Exception? error = _error;
        T result = _result;
        _error = null;
        _result = default!;
        IsCompleted = false;
        _isForgotten = false;
        Recycle();
        if (error is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        }

        return result;
    }

    /// <summary>Drops what the method's locals hold.</summary>
    protected abstract void Release();

    protected abstract void Recycle();
}

/// <summary>A method that threw before its first wait; never pooled, since a throw means a bug.</summary>
internal sealed class FaultedReactorTaskBox<T> : ReactorTaskBox<T>
{
    public override Action MoveNextAction => static () => { };

    protected override void Release()
    {
    }

    protected override void Recycle()
    {
    }
}

internal sealed class ReactorTaskBox<TStateMachine, T> : ReactorTaskBox<T>
    where TStateMachine : IAsyncStateMachine
{
    /// <summary>Boxes kept per thread and method; more than this many at once are left to the collector.</summary>
    private const int BoxesKeptMax = 4096;

    [ThreadStatic]
    private static ReactorTaskBox<TStateMachine, T>? t_free;

    [ThreadStatic]
    private static int t_freeCount;

    private readonly Action _moveNext;
    private ReactorTaskBox<TStateMachine, T>? _next;

    public TStateMachine StateMachine = default!;

    private ReactorTaskBox() => _moveNext = () => StateMachine.MoveNext();

    public override Action MoveNextAction => _moveNext;

    public static ReactorTaskBox<TStateMachine, T> Rent()
    {
        ReactorTaskBox<TStateMachine, T>? box = t_free;
        if (box is null)
        {
            return new ReactorTaskBox<TStateMachine, T>();
        }

        t_free = box._next;
        t_freeCount--;
        box._next = null;
        return box;
    }

    protected override void Release() => StateMachine = default!;

    protected override void Recycle()
    {
        if (t_freeCount >= BoxesKeptMax)
        {
            return;
        }

        _next = t_free;
        t_free = this;
        t_freeCount++;
    }
}

/// <summary>The compiler's door to <see cref="ReactorTask{T}"/>.</summary>
[SuppressMessage("Performance", "CA1822", Justification = "The compiler calls these on an instance.")]
internal struct ReactorTaskMethodBuilder<T>
{
    private ReactorTaskBox<T>? _box;
    private T _result;

    public readonly ReactorTask<T> Task => _box is null ? new ReactorTask<T>(_result) : new ReactorTask<T>(_box);

    public static ReactorTaskMethodBuilder<T> Create() => default;

    public readonly void Start<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine => stateMachine.MoveNext();

    public readonly void SetStateMachine(IAsyncStateMachine stateMachine) => _ = stateMachine;

    public void SetResult(T result)
    {
        if (_box is null)
        {
            _result = result;
            return;
        }

        _box.Complete(result, null);
    }

    public void SetException(Exception exception)
    {
        _box ??= new FaultedReactorTaskBox<T>();
        _box.Complete(default!, exception);
    }

    public void AwaitOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : INotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.OnCompleted(Box(ref stateMachine).MoveNextAction);

    public void AwaitUnsafeOnCompleted<TAwaiter, TStateMachine>(ref TAwaiter awaiter, ref TStateMachine stateMachine)
        where TAwaiter : ICriticalNotifyCompletion
        where TStateMachine : IAsyncStateMachine =>
        awaiter.UnsafeOnCompleted(Box(ref stateMachine).MoveNextAction);

    private ReactorTaskBox<T> Box<TStateMachine>(ref TStateMachine stateMachine)
        where TStateMachine : IAsyncStateMachine
    {
        if (_box is not null)
        {
            return _box;
        }

        ReactorTaskBox<TStateMachine, T> box = ReactorTaskBox<TStateMachine, T>.Rent();
        // This builder is a field of the state machine: set the box first, so that the copy knows it.
        _box = box;
        box.StateMachine = stateMachine;
        return box;
    }
}
