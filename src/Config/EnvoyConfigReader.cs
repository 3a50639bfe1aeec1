using System;
using System.Runtime.CompilerServices;
using System.Text;
using FastMesh.Config.Envoy;
using FastMesh.Config.Trees;
using FastMesh.Model;

namespace FastMesh.Config;

/// <summary>
/// Reads an Envoy v3 bootstrap, in YAML or JSON (envoy.config.bootstrap.v3.Bootstrap in the protobuf JSON mapping).
/// Field names are taken in snake_case and camelCase.
/// </summary>
/// <remarks>
/// Steps: text → tree of nodes with places (YAML or JSON) → <see cref="MeshConfig"/>, every field by the reader of its
/// message → cross-references (<see cref="MeshConfigValidator"/>). A file is refused by any error; all are reported.
/// </remarks>
public static class EnvoyConfigReader
{
    private static readonly UTF8Encoding s_strictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a configuration. Never throws for what the content says.</summary>
    /// <param name="path">Name for messages; ending in <c>.json</c> it is JSON, else YAML.</param>
    /// <param name="content">Bytes of the file, in UTF-8; at most 128 MiB.</param>
    public static ConfigReading Load(string path, ReadOnlySpan<byte> content)
    {
        var context = new ReadingContext(path);
        MeshConfig? config = null;
        try
        {
            ConfigNode root = ReadTree(path, content);
            if (root.Kind == NodeKind.Null)
            {
                throw new TreeException("the file is empty", 1, 1);
            }

            config = BootstrapReader.Read(new Element(context, root, null, ""));
            foreach (ConfigProblem problem in MeshConfigValidator.Validate(config, context.PlaceOf))
            {
                context.Report(problem);
            }
        }
        catch (TreeException error)
        {
            context.Report(ConfigSeverity.Error, "", error.Message, error.Line, error.Column);
        }

        return new ConfigReading(context.HasErrors ? null : config, context.Errors, context.Notes);
    }

    internal static ConfigNode ReadTree(string path, ReadOnlySpan<byte> content)
    {
        if (content.Length > TreeLimits.FileBytesMax)
        {
            throw new TreeException($"the file is larger than {TreeLimits.FileBytesMax} bytes", 0, 0);
        }

        if (content.StartsWith("\uFEFF"u8))
        {
            content = content[3..];
        }

        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? ReadJson(content) : ReadYaml(content);
    }

    // Apart, so that a proxy with a YAML file never loads the JSON reader's libraries.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ConfigNode ReadJson(ReadOnlySpan<byte> content) => JsonTree.Read(content);

    private static ConfigNode ReadYaml(ReadOnlySpan<byte> content)
    {
        try
        {
            return YamlTree.Read(s_strictUtf8.GetString(content));
        }
        catch (DecoderFallbackException error)
        {
            throw new TreeException($"not UTF-8: byte {error.Index} is no character", 0, 0);
        }
    }
}
