using System;
using FastMesh.Proxy;

return await CommandLine.RunAsync(args, Console.Out, Console.Error);
