using System.Collections.Generic;
using FastMesh.Model;
using FastMesh.Protocols;

namespace FastMesh.Engine.Routing;

/// <summary>One test of request fields that stands alone, outside of a routing table.</summary>
internal sealed class FieldPredicate
{
    private readonly FieldNames _names = new();
    private readonly FieldTest _test;

    public FieldPredicate(FieldMatcher model, string path, List<ConfigProblem> problems)
    {
        _test = FieldTest.Compile(model, _names, path, problems);
        _names.Seal();
    }

    public bool IsMatch(RequestHead head)
    {
        RouteScratch scratch = RouteScratch.Own;
        scratch.Scan.Begin();
        return _test.IsMatch(head, _names, scratch);
    }
}
