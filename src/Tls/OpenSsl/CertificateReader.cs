using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Text;

namespace FastMesh.Tls.OpenSsl;

/// <summary>
/// Reads who a certificate names (RFC 5280 §4.1). It decides nothing about trust: signatures, chains and dates are
/// OpenSSL's. Names are taken whole and by type; what cannot be read is refused rather than left out.
/// </summary>
internal static class CertificateReader
{
    /// <summary>The most names of one certificate; public ones have at most a few hundred.</summary>
    public const int NamesMax = 1024;

    // id-ce-keyUsage, -subjectAltName, -basicConstraints: 2.5.29.15, .17, .19.
    private static ReadOnlySpan<byte> KeyUsage => [0x55, 0x1D, 0x0F];

    private static ReadOnlySpan<byte> SubjectAltName => [0x55, 0x1D, 0x11];

    private static ReadOnlySpan<byte> BasicConstraints => [0x55, 0x1D, 0x13];

    /// <summary>Reads a certificate in DER.</summary>
    public static bool TryRead(byte[] der, out PeerIdentity? identity, out string? problem)
    {
        identity = null;
        problem = "the certificate cannot be read";
        DerReader outer = new(der);
        if (!outer.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> certificate) || !outer.IsEmpty)
        {
            return false;
        }

        DerReader parts = new(certificate);
        if (!parts.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> signed))
        {
            return false;
        }

        DerReader fields = new(signed);
        if (fields.NextTag == 0xA0)
        {
            fields.TryRead(out _, out _);
        }

        if (!fields.TryRead(DerReader.Integer, out ReadOnlySpan<byte> serial)
            || !fields.TryRead(DerReader.Sequence, out _)
            || !fields.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> issuer)
            || !fields.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> validity)
            || !fields.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> subject)
            || !fields.TryRead(out byte keyTag, out _, out ReadOnlySpan<byte> key) || keyTag != DerReader.Sequence
            || !TryReadValidity(validity, out DateTimeOffset notBefore, out DateTimeOffset notAfter)
            || !DistinguishedName.TryRead(subject, out string subjectText)
            || !DistinguishedName.TryRead(issuer, out string issuerText))
        {
            return false;
        }

        List<SubjectAltName> names = [];
        if (!TryReadExtensions(ref fields, names, out bool isAuthority, out problem))
        {
            return false;
        }

        identity = new PeerIdentity(der)
        {
            SubjectAltNames = names,
            Subject = subjectText,
            Issuer = issuerText,
            SerialNumber = Convert.ToHexStringLower(serial),
            NotBefore = notBefore,
            NotAfter = notAfter,
            IsAuthority = isAuthority,
            PublicKey = key.ToArray(),
        };
        return TryReadSpiffeId(identity, out problem);
    }

    // X509-SVID §2: exactly one URI name, and it is the ID. Certificates without SPIFFE names are none of its business.
    private static bool TryReadSpiffeId(PeerIdentity identity, out string? problem)
    {
        problem = null;
        string? claimed = null;
        int uris = 0;
        foreach (SubjectAltName name in identity.SubjectAltNames)
        {
            if (name.Type == SanType.Uri)
            {
                uris++;
                claimed ??= FastMesh.Tls.SpiffeId.HasScheme(name.Value) ? name.Value : null;
            }
        }

        if (claimed is null)
        {
            return true;
        }

        if (uris > 1)
        {
            problem = $"{uris} URI names beside a SPIFFE ID; exactly one is allowed (X509-SVID §2)";
            return false;
        }

        identity.SpiffeId = FastMesh.Tls.SpiffeId.Parse(claimed, out problem);
        return identity.SpiffeId is not null;
    }

    private static bool TryReadExtensions(
        ref DerReader fields, List<SubjectAltName> names, out bool isAuthority, out string? problem)
    {
        isAuthority = false;
        problem = "the extensions of the certificate cannot be read";
        while (fields.NextTag is 0x81 or 0x82 or 0xA1 or 0xA2)
        {
            fields.TryRead(out _, out _);
        }

        if (fields.IsEmpty)
        {
            problem = null;
            return true;
        }

        if (!fields.TryRead(0xA3, out ReadOnlySpan<byte> explicitly) || !fields.IsEmpty)
        {
            return false;
        }

        DerReader wrapper = new(explicitly);
        if (!wrapper.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> all))
        {
            return false;
        }

        bool sawNames = false;
        DerReader list = new(all);
        while (!list.IsEmpty)
        {
            if (!list.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> one)
                || !TryReadExtension(one, out ReadOnlySpan<byte> id, out ReadOnlySpan<byte> value))
            {
                return false;
            }

            if (id.SequenceEqual(SubjectAltName))
            {
                if (sawNames || !TryReadNames(value, names, out problem))
                {
                    return false;
                }

                sawNames = true;
            }
            else if (id.SequenceEqual(BasicConstraints))
            {
                isAuthority |= IsAuthority(value);
            }
            else if (id.SequenceEqual(KeyUsage))
            {
                isAuthority |= MaySign(value);
            }
        }

        problem = null;
        return true;
    }

    private static bool TryReadExtension(
        ReadOnlySpan<byte> extension, out ReadOnlySpan<byte> id, out ReadOnlySpan<byte> value)
    {
        value = default;
        DerReader reader = new(extension);
        if (!reader.TryRead(DerReader.ObjectIdentifier, out id))
        {
            return false;
        }

        if (reader.NextTag == DerReader.Boolean && !reader.TryRead(out _, out _))
        {
            return false;
        }

        return reader.TryRead(DerReader.OctetString, out value) && reader.IsEmpty;
    }

    private static bool IsAuthority(ReadOnlySpan<byte> value)
    {
        DerReader reader = new(value);
        if (!reader.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> content))
        {
            return false;
        }

        DerReader constraints = new(content);
        return constraints.TryRead(DerReader.Boolean, out ReadOnlySpan<byte> isAuthority)
            && isAuthority.Length == 1 && isAuthority[0] != 0;
    }

    // keyCertSign and cRLSign are bits 5 and 6, counted from the left (RFC 5280 §4.2.1.3).
    private static bool MaySign(ReadOnlySpan<byte> value)
    {
        DerReader reader = new(value);
        return reader.TryRead(DerReader.BitString, out ReadOnlySpan<byte> bits)
            && bits.Length >= 2 && (bits[1] & 0x06) != 0;
    }

    private static bool TryReadNames(ReadOnlySpan<byte> value, List<SubjectAltName> names, out string? problem)
    {
        problem = "the subject alternative names of the certificate cannot be read";
        DerReader outer = new(value);
        if (!outer.TryRead(DerReader.Sequence, out ReadOnlySpan<byte> all) || !outer.IsEmpty)
        {
            return false;
        }

        DerReader list = new(all);
        while (!list.IsEmpty)
        {
            if (!list.TryRead(out byte tag, out ReadOnlySpan<byte> name))
            {
                return false;
            }

            if (names.Count == NamesMax)
            {
                problem = $"the certificate has more than {NamesMax} names";
                return false;
            }

            if (!TryAddName(names, tag, name))
            {
                problem = "a subject alternative name holds bytes that no name has";
                return false;
            }
        }

        problem = null;
        return true;
    }

    // otherName, x400Address, directoryName, ediPartyName and registeredID name nothing that is matched here.
    private static bool TryAddName(List<SubjectAltName> names, byte tag, ReadOnlySpan<byte> name)
    {
        SanType type = tag switch
        {
            0x81 => SanType.Email,
            0x82 => SanType.Dns,
            0x86 => SanType.Uri,
            _ => SanType.IpAddress,
        };
        if (tag == 0x87)
        {
            if (name.Length is not (4 or 16))
            {
                return false;
            }

            names.Add(new SubjectAltName(SanType.IpAddress, new IPAddress(name).ToString()));
            return true;
        }

        if (type == SanType.IpAddress)
        {
            return true;
        }

        // IA5String, and no control characters: a NUL in a name has fooled many (CVE-2009-2408 and its kin).
        if (name.IsEmpty || name.ContainsAnyExceptInRange((byte)0x20, (byte)0x7E))
        {
            return false;
        }

        names.Add(new SubjectAltName(type, Encoding.ASCII.GetString(name)));
        return true;
    }

    private static bool TryReadValidity(
        ReadOnlySpan<byte> validity, out DateTimeOffset notBefore, out DateTimeOffset notAfter)
    {
        DerReader reader = new(validity);
        notAfter = default;
        return TryReadTime(ref reader, out notBefore) && TryReadTime(ref reader, out notAfter);
    }

    private static bool TryReadTime(ref DerReader reader, out DateTimeOffset time)
    {
        time = default;
        if (!reader.TryRead(out byte tag, out ReadOnlySpan<byte> text)
            || tag is not (DerReader.UtcTime or DerReader.GeneralizedTime) || text.Length > 15)
        {
            return false;
        }

        Span<char> letters = stackalloc char[17];
        int length = Encoding.ASCII.GetChars(text, letters[2..]);
        ReadOnlySpan<char> whole = letters.Slice(2, length);
        if (tag == DerReader.UtcTime)
        {
            // RFC 5280 §4.1.2.5.1: 50 to 99 are of the last century.
            (letters[0], letters[1]) = text.Length > 0 && text[0] >= (byte)'5' ? ('1', '9') : ('2', '0');
            whole = letters[..(length + 2)];
        }

        return DateTimeOffset.TryParseExact(
            whole, "yyyyMMddHHmmss'Z'", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);
    }
}
