using System;
using System.Collections.Generic;

namespace FastMesh.Tests.Fuzz.Engine;

/// <summary>
/// Changes an input in ways that matter to text and binary protocols: dictionary words, lines moved, doubled and
/// dropped, numbers changed, two inputs spliced, and plain noise.
/// </summary>
internal sealed class Mutator(IReadOnlyList<byte[]> words)
{
    private const int BytesMax = 80 * 1024;

    public byte[] Mutate(IReadOnlyList<byte[]> pool, ref FuzzRandom random)
    {
        List<byte> bytes = [.. pool[random.Below(pool.Count)]];
        int steps = 1 + random.Below(6);
        for (int i = 0; i < steps; i++)
        {
            Step(bytes, pool, ref random);
        }

        if (bytes.Count > BytesMax)
        {
            bytes.RemoveRange(BytesMax, bytes.Count - BytesMax);
        }

        return [.. bytes];
    }

    private void Step(List<byte> bytes, IReadOnlyList<byte[]> pool, ref FuzzRandom random)
    {
        int at = random.Below(bytes.Count + 1);
        switch (random.Below(13))
        {
            case 0 when bytes.Count > 0:
                bytes[random.Below(bytes.Count)] ^= (byte)(1 << random.Below(8));
                break;
            case 1:
                bytes.Insert(at, (byte)random.Next());
                break;
            case 2 when bytes.Count > 0:
                bytes[random.Below(bytes.Count)] = (byte)random.Next();
                break;
            case 3:
                bytes.RemoveRange(at, Math.Min(bytes.Count - at, 1 + random.Below(8)));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5 or 6 or 7:
                bytes.InsertRange(at, words[random.Below(words.Count)]);
                break;
            case 8:
                Overwrite(bytes, at, words[random.Below(words.Count)]);
                break;
            case 9:
                Splice(bytes, at, pool[random.Below(pool.Count)], ref random);
                break;
            case 10:
                Line(bytes, ref random);
                break;
            case 11:
                Repeat(bytes, at, ref random);
                break;
            default:
                Digit(bytes, at, ref random);
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] word)
    {
        bytes.RemoveRange(at, Math.Min(bytes.Count - at, word.Length));
        bytes.InsertRange(at, word);
    }

    private static void Splice(List<byte> bytes, int at, byte[] other, ref FuzzRandom random)
    {
        int from = random.Below(other.Length + 1);
        int length = random.Below(other.Length - from + 1);
        bytes.InsertRange(at, other.AsSpan(from, length).ToArray());
    }

    // Takes one line out and puts it in elsewhere, as often as it likes.
    private static void Line(List<byte> bytes, ref FuzzRandom random)
    {
        List<int> starts = [0];
        for (int i = 0; i + 1 < bytes.Count; i++)
        {
            if (bytes[i] == '\r' && bytes[i + 1] == '\n')
            {
                starts.Add(i + 2);
            }
        }

        int line = random.Below(starts.Count);
        int end = line + 1 < starts.Count ? starts[line + 1] : bytes.Count;
        byte[] text = [.. bytes.GetRange(starts[line], end - starts[line])];
        int target = starts[random.Below(starts.Count)];
        if (random.Below(2) == 0)
        {
            bytes.RemoveRange(starts[line], text.Length);
            target = Math.Min(target, bytes.Count);
        }

        bytes.InsertRange(target, text);
    }

    private static void Repeat(List<byte> bytes, int at, ref FuzzRandom random)
    {
        int length = Math.Min(bytes.Count - at, 1 + random.Below(40));
        byte[] piece = [.. bytes.GetRange(at, length)];
        int times = random.Below(50) == 0 ? 1 + random.Below(4000) : 1 + random.Below(4);
        for (int i = 0; i < times && bytes.Count < BytesMax; i++)
        {
            bytes.InsertRange(at, piece);
        }
    }

    private static void Digit(List<byte> bytes, int at, ref FuzzRandom random)
    {
        for (int i = at; i < bytes.Count; i++)
        {
            if (char.IsAsciiHexDigit((char)bytes[i]))
            {
                bytes[i] = (byte)"0123456789abcdefABCDEF"[random.Below(22)];
                return;
            }
        }
    }
}
