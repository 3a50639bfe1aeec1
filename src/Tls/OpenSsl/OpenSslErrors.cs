using System;
using System.Runtime.InteropServices;

namespace FastMesh.Tls.OpenSsl;

/// <summary>The thread's error queue of OpenSSL as text.</summary>
internal static unsafe class OpenSslErrors
{
    // Reasons from here on are alerts that were received: SSL_AD_REASON_OFFSET + description.
    private const int AlertReasonOffset = 1000;
    private const ulong ReasonMask = 0x7FFFFF;

    /// <summary>What a call made, which fails only when memory has run out.</summary>
    /// <exception cref="InvalidOperationException">It made nothing.</exception>
    public static nint Made(nint made, string call) =>
        made != 0 ? made : throw new InvalidOperationException($"{call}: {Drain("out of memory")}");

    /// <summary>Empties the queue; the first entry is the cause, the others its consequences.</summary>
    public static string Drain(string otherwise)
    {
        ulong first = 0;
        ulong error;
        while ((error = LibCrypto.ERR_get_error()) != 0)
        {
            first = first == 0 ? error : first;
        }

        return Text(first) ?? otherwise;
    }

    /// <summary>Empties the queue; tells the first reason's number.</summary>
    public static string Drain(string otherwise, out int reason)
    {
        ulong first = 0;
        ulong error;
        while ((error = LibCrypto.ERR_get_error()) != 0)
        {
            first = first == 0 ? error : first;
        }

        reason = (int)(first & ReasonMask);
        return Text(first) ?? otherwise;
    }

    /// <summary>Whether a reason says that an alert came.</summary>
    public static bool IsAlert(int reason) => reason is >= AlertReasonOffset and < AlertReasonOffset + 256;

    private static string? Text(ulong error)
    {
        byte* text = error == 0 ? null : LibCrypto.ERR_reason_error_string(error);
        return text is null ? null : Marshal.PtrToStringUTF8((nint)text);
    }
}
