using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;

namespace FastMesh.Tests.Fuzz.Engine;

/// <summary>Runs targets: for a time from a seed, or once over their corpora.</summary>
internal sealed class FuzzRunner(string corpusRoot, string failureRoot)
{
    private const int PoolMax = 4000;
    private const int ClockEvery = 64;

    /// <summary>Runs a target; true when it kept its promises, or broke them as it must.</summary>
    public bool Run(FuzzTarget target, double seconds, ulong seed)
    {
        List<byte[]> pool = [.. target.Seeds, .. Corpus(target)];
        HashSet<int> seen = [];
        Mutator mutator = new(target.Dictionary);
        FuzzRandom random = new(seed);
        Stopwatch clock = Stopwatch.StartNew();
        long runs = 0;
        for (int i = 0; i < pool.Count; i++, runs++)
        {
            if (!TryRun(target, pool[i], seed, runs, seen, out _))
            {
                return target.MustFail;
            }
        }

        while (runs % ClockEvery != 0 || clock.Elapsed.TotalSeconds < seconds)
        {
            byte[] input = mutator.Mutate(pool, ref random);
            if (!TryRun(target, input, seed, runs, seen, out bool isNew))
            {
                return target.MustFail;
            }

            if (isNew && pool.Count < PoolMax)
            {
                pool.Add(input);
            }

            runs++;
        }

        Console.WriteLine($"{target.Name}: {runs} runs, {seen.Count} outcomes, seed {seed}");
        if (target.MustFail)
        {
            Console.WriteLine($"{target.Name}: the failure that is there was not found");
        }

        return !target.MustFail;
    }

    /// <summary>Runs seeds and corpus of a target once.</summary>
    public bool Replay(FuzzTarget target)
    {
        int count = 0;
        foreach (byte[] input in target.Seeds.Concat(Corpus(target)))
        {
            if (!TryRun(target, input, 0, count, [], out _))
            {
                return target.MustFail;
            }

            count++;
        }

        Console.WriteLine($"{target.Name}: {count} inputs of the corpus");
        return true;
    }

    private bool TryRun(FuzzTarget target, byte[] input, ulong seed, long run, HashSet<int> seen, out bool isNew)
    {
        try
        {
            isNew = seen.Add(target.Run(input));
            return true;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            isNew = false;
            if (target.MustFail)
            {
                Console.WriteLine($"{target.Name}: failed after {run} runs, as it must");
                return false;
            }

            Directory.CreateDirectory(failureRoot);
            string file = Path.Combine(failureRoot, $"{target.Name}-{seed}-{run}.bin");
            File.WriteAllBytes(file, input);
            Console.WriteLine($"{target.Name}: FAILED at run {run} of seed {seed}, input kept in {file}\n{failure}");
            return false;
        }
    }

    private IEnumerable<byte[]> Corpus(FuzzTarget target)
    {
        string folder = Path.Combine(corpusRoot, target.Name);
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
            : [];
    }
}
