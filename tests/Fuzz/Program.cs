using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using FastMesh.Tests.Fuzz;
using FastMesh.Tests.Fuzz.Engine;

// list | corpus | run TARGET SECONDS [SEED] | replay TARGET FILE | TARGET SECONDS [SEED] | all SECONDS [SEED]
const ulong FirstSeed = 1;
FuzzRunner runner = new(Path.Combine(AppContext.BaseDirectory, "Corpus"), "fuzz-failures");
string[] words = args.Length > 0 && args[0] == "run" ? args[1..] : args;
string verb = words.Length > 0 ? words[0] : "corpus";
double seconds = words.Length > 1 && double.TryParse(words[1], CultureInfo.InvariantCulture, out double s) ? s : 10;
ulong seed = words.Length > 2 && ulong.TryParse(words[2], CultureInfo.InvariantCulture, out ulong n) ? n : FirstSeed;

if (verb == "list")
{
    foreach (FuzzTarget target in FuzzTargets.All)
    {
        Console.WriteLine(target.Name);
    }

    return 0;
}

if (verb == "corpus")
{
    return Each(FuzzTargets.All.Where(target => !target.MustFail), runner.Replay);
}

if (verb == "replay" && words.Length == 3)
{
    FuzzTargets.All.Single(target => target.Name == words[1]).Run(File.ReadAllBytes(words[2]));
    return 0;
}

FuzzTarget[] chosen = [.. FuzzTargets.All.Where(target => verb == "all" || target.Name == verb)];
if (chosen.Length == 0)
{
    string names = string.Join(' ', FuzzTargets.All.Select(target => target.Name));
    Console.Error.WriteLine($"no target {verb}; the targets are {names}");
    return 2;
}

// "all" shares its time out, so that the length of a run does not grow with the number of targets.
return Each(chosen, target => runner.Run(target, seconds / chosen.Length, seed));

// Every target runs, whatever became of the one before.
static int Each(IEnumerable<FuzzTarget> targets, Func<FuzzTarget, bool> passes)
{
    int code = 0;
    foreach (FuzzTarget target in targets)
    {
        code = passes(target) ? code : 1;
    }

    return code;
}
