using System;
using System.Text;
using FastMesh.Protocols;

namespace FastMesh.Engine.Telemetry;

/// <summary>The value of each operator for an exchange.</summary>
internal static class FormatValues
{
    private static readonly byte[] s_hostName = Encoding.UTF8.GetBytes(Environment.MachineName);

    /// <summary>Writes the value; false when it is absent, and then possibly after writing something.</summary>
    public static bool TryWrite(ref ByteWriter writer, in FormatPart part, ExchangeRecord record)
    {
        switch (part.Operator)
        {
            case FormatOperator.Literal:
                writer.Write(part.Text);
                return true;
            case FormatOperator.StartTime:
                part.Time!.Write(ref writer, record.StartUtcMs);
                return true;
            case FormatOperator.EmitTime:
                part.Time!.Write(ref writer, record.StartUtcMs + (Math.Max(0, record.EndUs - record.StartUs) / 1000));
                return true;
            case FormatOperator.AccessLogType:
                writer.Write(record.Protocol == HttpVersion.Unknown ? "TcpConnectionEnd"u8 : "DownstreamEnd"u8);
                return true;
            case FormatOperator.Absent:
                return false;
            case FormatOperator.RequestField:
                return RequestField(ref writer, part, record.Request);
            case FormatOperator.ResponseField:
                return Field(ref writer, part, record.Response?.Fields);
            case FormatOperator.TrailerField:
                return Field(ref writer, part, record.ResponseTrailers);
            case FormatOperator.RequestWithoutQuery:
                return WithoutQuery(ref writer, part, record.Request);
            case FormatOperator.Protocol:
                return Protocol(ref writer, record.Protocol);
            case FormatOperator.ResponseCode:
                writer.Write(record.ResponseCode);
                return true;
            case FormatOperator.ResponseFlags:
                return Flags(ref writer, record.Flags, longNames: false);
            case FormatOperator.ResponseFlagsLong:
                return Flags(ref writer, record.Flags, longNames: true);
            case FormatOperator.BytesReceived:
                writer.Write(record.BytesReceived);
                return true;
            case FormatOperator.BytesSent:
                writer.Write(record.BytesSent);
                return true;
            case FormatOperator.LocalReplyBody:
                writer.Write(record.LocalReplyBody.Span);
                return true;
            case FormatOperator.HostName:
                writer.Write(s_hostName);
                return true;
            case FormatOperator.ConnectionId:
                writer.Write((long)record.ConnectionId);
                return true;
            case FormatOperator.StreamId:
                writer.Write((long)record.StreamId);
                return true;
            case FormatOperator.UpstreamRequestAttemptCount:
                writer.Write(record.AttemptCount);
                return true;
            case FormatOperator.GrpcStatus or FormatOperator.GrpcStatusSnake or FormatOperator.GrpcStatusNumber:
                return GrpcStatus(ref writer, part.Operator, record);
            case FormatOperator.DownstreamTls:
                return Tls(ref writer, part, record.DownstreamSecurity);
            case FormatOperator.UpstreamTls:
                return Tls(ref writer, part, record.UpstreamSecurity);
            default:
                return TryWriteTime(ref writer, part.Operator, record)
                    || TryWriteText(ref writer, part.Operator, record)
                    || TryWriteAddress(ref writer, part.Operator, record);
        }
    }

    private static bool Tls(ref ByteWriter writer, in FormatPart part, ConnectionSecurity? security)
    {
        if (security is null)
        {
            return false;
        }

        if (part.Time is { } time)
        {
            long? moment = security.Time(part.Tls);
            time.Write(ref writer, moment ?? 0);
            return moment is not null;
        }

        string? text = security.Text(part.Tls);
        writer.Write(text ?? "");
        return !string.IsNullOrEmpty(text);
    }

    /// <summary>Of trailers, else of the head, else what the HTTP status means; only of gRPC calls.</summary>
    private static bool GrpcStatus(ref ByteWriter writer, FormatOperator form, ExchangeRecord record)
    {
        if (record.Request is null || !GrpcCalls.IsCall(record.Request.Fields))
        {
            return false;
        }

        if (!GrpcCalls.TryReadStatus(record.ResponseTrailers, out int status)
            && !GrpcCalls.TryReadStatus(record.Response?.Fields, out status))
        {
            status = GrpcCalls.StatusOf(record.ResponseCode);
        }

        ReadOnlySpan<byte> name = form switch
        {
            FormatOperator.GrpcStatus => GrpcCalls.CamelName(status),
            FormatOperator.GrpcStatusSnake => GrpcCalls.SnakeName(status),
            _ => [],
        };
        if (name.IsEmpty)
        {
            writer.Write(status);
        }
        else
        {
            writer.Write(name);
        }

        return true;
    }

    private static bool TryWriteTime(ref ByteWriter writer, FormatOperator kind, ExchangeRecord record)
    {
        (long from, long to) = kind switch
        {
            FormatOperator.Duration => (record.StartUs, record.EndUs),
            FormatOperator.RequestDuration => (record.StartUs, record.RequestEndUs),
            FormatOperator.ResponseDuration => (record.StartUs, record.FirstUpstreamRxUs),
            FormatOperator.ResponseTxDuration => (record.FirstUpstreamRxUs, record.EndUs),
            _ => (0, 0),
        };
        if (from == 0 || to == 0)
        {
            return false;
        }

        writer.Write((to - from) / 1000);
        return true;
    }

    private static bool TryWriteText(ref ByteWriter writer, FormatOperator kind, ExchangeRecord record)
    {
        string? text = kind switch
        {
            FormatOperator.ResponseCodeDetails => record.ResponseCodeDetails,
            FormatOperator.ConnectionTerminationDetails => record.ConnectionTerminationDetails,
            FormatOperator.UpstreamCluster => record.UpstreamCluster,
            FormatOperator.UpstreamTransportFailureReason => record.UpstreamFailureReason,
            FormatOperator.DownstreamTransportFailureReason => record.DownstreamFailureReason,
            FormatOperator.RequestedServerName => record.RequestedServerName,
            FormatOperator.RouteName => record.RouteName,
            FormatOperator.VirtualHostName => record.VirtualHostName,
            FormatOperator.FilterChainName => record.FilterChainName,
            _ => null,
        };
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        writer.Write(text);
        return true;
    }

    private static bool TryWriteAddress(ref ByteWriter writer, FormatOperator kind, ExchangeRecord record) =>
        kind switch
        {
            FormatOperator.UpstreamHost or FormatOperator.UpstreamRemoteAddress =>
                Address(ref writer, record.UpstreamRemote),
            FormatOperator.UpstreamRemoteAddressWithoutPort => AddressOnly(ref writer, record.UpstreamRemote),
            FormatOperator.UpstreamRemotePort => Port(ref writer, record.UpstreamRemote),
            FormatOperator.UpstreamLocalAddress => Address(ref writer, record.UpstreamLocal),
            FormatOperator.UpstreamLocalAddressWithoutPort => AddressOnly(ref writer, record.UpstreamLocal),
            FormatOperator.UpstreamLocalPort => Port(ref writer, record.UpstreamLocal),
            FormatOperator.DownstreamRemoteAddress => Address(ref writer, record.DownstreamRemote),
            FormatOperator.DownstreamRemoteAddressWithoutPort => AddressOnly(ref writer, record.DownstreamRemote),
            FormatOperator.DownstreamRemotePort => Port(ref writer, record.DownstreamRemote),
            FormatOperator.DownstreamDirectRemoteAddress => Address(ref writer, record.DownstreamDirectRemote),
            FormatOperator.DownstreamDirectRemoteAddressWithoutPort =>
                AddressOnly(ref writer, record.DownstreamDirectRemote),
            FormatOperator.DownstreamDirectRemotePort => Port(ref writer, record.DownstreamDirectRemote),
            FormatOperator.DownstreamLocalAddress => Address(ref writer, record.DownstreamLocal),
            FormatOperator.DownstreamLocalAddressWithoutPort => AddressOnly(ref writer, record.DownstreamLocal),
            FormatOperator.DownstreamLocalPort => Port(ref writer, record.DownstreamLocal),
            _ => false,
        };

    private static bool Address(ref ByteWriter writer, in NetAddress address) => Format(ref writer, address, true);

    private static bool AddressOnly(ref ByteWriter writer, in NetAddress address) => Format(ref writer, address, false);

    private static bool Format(ref ByteWriter writer, in NetAddress address, bool withPort)
    {
        if (!address.HasValue)
        {
            return false;
        }

        if (address.TryFormat(writer.Rest, out int length, withPort))
        {
            writer.Advance(length);
        }
        else
        {
            writer.Overflow();
        }

        return true;
    }

    private static bool Port(ref ByteWriter writer, in NetAddress address)
    {
        if (!address.HasValue)
        {
            return false;
        }

        writer.Write(address.Port);
        return true;
    }

    private static bool RequestField(ref ByteWriter writer, in FormatPart part, RequestHead? head)
    {
        if (head is null)
        {
            return false;
        }

        ReadOnlySpan<byte> value = part.Field.Of(head);
        if (value.IsEmpty && part.Alternative.Source != FormatFieldSource.None)
        {
            value = part.Alternative.Of(head);
        }

        writer.Write(value);
        return !value.IsEmpty;
    }

    private static bool Field(ref ByteWriter writer, in FormatPart part, HttpFields? fields)
    {
        if (fields is null)
        {
            return false;
        }

        ReadOnlySpan<byte> value = part.Field.Of(fields);
        if (value.IsEmpty)
        {
            value = part.Alternative.Of(fields);
        }

        writer.Write(value);
        return !value.IsEmpty;
    }

    private static bool WithoutQuery(ref ByteWriter writer, in FormatPart part, RequestHead? head)
    {
        int before = writer.Length;
        if (!RequestField(ref writer, part, head))
        {
            return false;
        }

        int query = writer.Written[before..].IndexOf((byte)'?');
        if (query >= 0)
        {
            writer.Truncate(before + query);
        }

        return true;
    }

    private static bool Protocol(ref ByteWriter writer, HttpVersion version)
    {
        switch (version)
        {
            case HttpVersion.Http10: writer.Write("HTTP/1.0"u8); return true;
            case HttpVersion.Http11: writer.Write("HTTP/1.1"u8); return true;
            case HttpVersion.Http2: writer.Write("HTTP/2"u8); return true;
            default: return false;
        }
    }

    private static bool Flags(ref ByteWriter writer, ResponseFlags flags, bool longNames)
    {
        if (flags == ResponseFlags.None)
        {
            return false;
        }

        bool first = true;
        foreach ((ResponseFlags flag, string shortName, string longName) in ResponseFlagNames.All)
        {
            if ((flags & flag) == 0)
            {
                continue;
            }

            if (!first)
            {
                writer.Write((byte)',');
            }

            first = false;
            writer.Write(longNames ? longName : shortName);
        }

        return true;
    }
}
