using System.Text;
using FastMesh.Engine.Reactors;
using Xunit;

namespace FastMesh.Tests.Unit.Engine.Reactors;

public sealed class BufferPoolTests
{
    [Fact]
    public void Share_PartOfABlock_ViewShowsItAndTheBlockKeepsTheRest()
    {
        var pool = new BufferPool(new BufferBudget(BufferBudget.DefaultBytes));
        BufferSegment block = Filled(pool, "headbody");
        BufferSegment view = pool.Share(block, 4);
        Assert.Equal("head", Encoding.ASCII.GetString(view.Valid));
        Assert.Equal("body", Encoding.ASCII.GetString(block.Valid));
        Assert.Equal(0, view.Free);
    }

    [Fact]
    public void Return_BlockBeforeItsViews_StaysOutUntilTheLastView()
    {
        var pool = new BufferPool(new BufferBudget(BufferBudget.DefaultBytes));
        BufferSegment block = Filled(pool, "aabbcc");
        BufferSegment first = pool.Share(block, 2);
        BufferSegment second = pool.Share(block, 2);
        pool.Return(block);
        pool.Return(first);
        Assert.Equal(BufferPool.SmallBytes, pool.RentedBytes);
        Assert.NotSame(block, pool.Rent(BufferSize.Small));
        Assert.Equal("bb", Encoding.ASCII.GetString(second.Valid));
        pool.Return(second);
        Assert.Equal(BufferPool.SmallBytes, pool.RentedBytes);
        Assert.Same(block, pool.Rent(BufferSize.Small));
    }

    [Fact]
    public void Return_ViewsBeforeTheirBlock_LeavesTheBlockWithItsOwner()
    {
        var pool = new BufferPool(new BufferBudget(BufferBudget.DefaultBytes));
        BufferSegment block = Filled(pool, "aabb");
        pool.Return(pool.Share(block, 2));
        Assert.Equal("bb", Encoding.ASCII.GetString(block.Valid));
        Assert.Equal(BufferPool.SmallBytes, pool.RentedBytes);
        pool.Return(block);
        Assert.Equal(0, pool.RentedBytes);
    }

    private static BufferSegment Filled(BufferPool pool, string text)
    {
        BufferSegment block = pool.Rent(BufferSize.Small);
        block.Append(Encoding.ASCII.GetBytes(text));
        return block;
    }
}
