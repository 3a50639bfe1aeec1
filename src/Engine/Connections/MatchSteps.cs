using System;
using System.Collections.Generic;
using FastMesh.Engine.Downstream;
using FastMesh.Protocols;

namespace FastMesh.Engine.Connections;

/// <summary>
/// One step of the choice of a filter chain: it takes the most specific stated value that matches and goes on there,
/// never back. No step of a criterion that no chain states is ever built.
/// </summary>
internal abstract class MatchStep
{
    /// <summary>The chosen chain, or null: then the default chain takes the connection.</summary>
    public abstract CompiledFilterChain? Find(in ConnectionFacts facts);
}

/// <summary>The end: a chain.</summary>
internal sealed class ChainStep(CompiledFilterChain chain) : MatchStep
{
    public CompiledFilterChain Chain => chain;

    public override CompiledFilterChain? Find(in ConnectionFacts facts) => chain;
}

/// <summary>Destination or source port.</summary>
internal sealed class PortStep(bool ofSource, Dictionary<ushort, MatchStep> exact, MatchStep? rest) : MatchStep
{
    public override CompiledFilterChain? Find(in ConnectionFacts facts)
    {
        ushort port = ofSource ? facts.Remote.Port : facts.Local.Port;
        return exact.TryGetValue(port, out MatchStep? next) ? next.Find(facts) : rest?.Find(facts);
    }
}

/// <summary>Which address of a connection a <see cref="RangeStep"/> looks at.</summary>
internal enum AddressPart
{
    Destination,
    DirectSource,
    Source,
}

/// <summary>Longest matching prefix: one hash look-up per prefix length that occurs, the longest first.</summary>
internal sealed class RangeStep(AddressPart part, RangeStep.LengthGroup[] groups, MatchStep? rest) : MatchStep
{
    /// <summary>The networks of one family and prefix length; keys are masked to it.</summary>
    public readonly record struct LengthGroup(
        NetAddressKind Kind, int PrefixLength, Dictionary<NetAddress, MatchStep> Networks);

    public override CompiledFilterChain? Find(in ConnectionFacts facts)
    {
        NetAddress address = part switch
        {
            AddressPart.Destination => facts.Local,
            AddressPart.DirectSource => facts.DirectRemote,
            _ => facts.Remote,
        };
        foreach (LengthGroup group in groups)
        {
            if (group.Kind == address.Kind
                && group.Networks.TryGetValue(Mask(address, group.PrefixLength), out MatchStep? next))
            {
                return next.Find(facts);
            }
        }

        return rest?.Find(facts);
    }

    /// <summary>
    /// The network of <paramref name="prefixLength"/> bits that holds the address; port and scope drop.
    /// </summary>
    public static NetAddress Mask(in NetAddress address, int prefixLength)
    {
        Span<byte> bytes = stackalloc byte[16];
        int length = address.WriteBytes(bytes);
        int whole = Math.Min(prefixLength / 8, length);
        if (whole < length)
        {
            bytes[whole] &= (byte)(0xFF00 >> (prefixLength & 7));
            bytes[(whole + 1)..length].Clear();
        }

        return NetAddress.FromBytes(bytes[..length], 0);
    }
}

/// <summary>SNI: the exact name, then "*.b.com" before "*.com", then chains that name none.</summary>
internal sealed class ServerNameStep : MatchStep
{
    private readonly Dictionary<string, MatchStep>.AlternateLookup<ReadOnlySpan<char>> _names;
    private readonly MatchStep? _rest;

    /// <param name="names">Keys are lower-case names; a wildcard is kept without its star, as ".b.com".</param>
    /// <param name="rest">Chains without server names.</param>
    public ServerNameStep(Dictionary<string, MatchStep> names, MatchStep? rest)
    {
        _names = names.GetAlternateLookup<ReadOnlySpan<char>>();
        _rest = rest;
    }

    public override CompiledFilterChain? Find(in ConnectionFacts facts)
    {
        ReadOnlySpan<char> name = facts.ServerName;
        if (name.IsEmpty)
        {
            return _rest?.Find(facts);
        }

        if (name[0] != '.' && _names.TryGetValue(name, out MatchStep? exact))
        {
            return exact.Find(facts);
        }

        // A star stands for at least one character, so the first dot that counts is behind the first character.
        for (int dot = name[1..].IndexOf('.'); dot >= 0; dot = name[1..].IndexOf('.'))
        {
            name = name[(dot + 1)..];
            if (_names.TryGetValue(name, out MatchStep? suffix))
            {
                return suffix.Find(facts);
            }
        }

        return _rest?.Find(facts);
    }
}

/// <summary>Transport protocol.</summary>
internal sealed class TransportStep(Dictionary<string, MatchStep> exact, MatchStep? rest) : MatchStep
{
    public override CompiledFilterChain? Find(in ConnectionFacts facts) =>
        exact.TryGetValue(facts.TransportProtocol ?? ConnectionFacts.RawBuffer, out MatchStep? next)
            ? next.Find(facts)
            : rest?.Find(facts);
}

/// <summary>Application protocols: the first of the client's list that any chain names.</summary>
internal sealed class ApplicationStep(Dictionary<string, MatchStep> exact, MatchStep? rest) : MatchStep
{
    public override CompiledFilterChain? Find(in ConnectionFacts facts)
    {
        foreach (string protocol in facts.ApplicationProtocols ?? [])
        {
            if (exact.TryGetValue(protocol, out MatchStep? next))
            {
                return next.Find(facts);
            }
        }

        return rest?.Find(facts);
    }
}

/// <summary>Source type.</summary>
internal sealed class SourceTypeStep(MatchStep? local, MatchStep? external, MatchStep? rest) : MatchStep
{
    public override CompiledFilterChain? Find(in ConnectionFacts facts)
    {
        bool isLocal = facts.Remote.IsLoopback || facts.Remote.SameAddress(facts.Local);
        return ((isLocal ? local : external) ?? rest)?.Find(facts);
    }
}
