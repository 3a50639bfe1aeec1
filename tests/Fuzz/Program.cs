using System;
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
ulong seed = words.Length > 2 ? ulong.Parse(words[2], CultureInfo.InvariantCulture) : FirstSeed;

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
    return FuzzTargets.All.Where(target => !target.MustFail).Count(target => !runner.Replay(target)) == 0 ? 0 : 1;
}

if (verb == "replay" && words.Length == 3)
{
    FuzzTargets.All.Single(target => target.Name == words[1]).Run(File.ReadAllBytes(words[2]));
    return 0;
}

FuzzTarget[] chosen = [.. FuzzTargets.All.Where(target => verb == "all" || target.Name == verb)];
if (chosen.Length == 0)
{
    Console.Error.WriteLine($"no target {verb}; the targets are {string.Join(' ', FuzzTargets.All.Select(t => t.Name))}");
    return 2;
}

// "all" shares its time out, so that the length of a run does not grow with the number of targets.
return chosen.Count(target => !runner.Run(target, seconds / chosen.Length, seed)) == 0 ? 0 : 1;
