using System;
using System.Collections.Generic;
using System.Text;
using System.Threading.Tasks;
using FastMesh.Engine.Downstream;
using FastMesh.Engine.Snapshots;
using FastMesh.Engine.Transport;
using FastMesh.Model;
using FastMesh.Tests.Support.Tls;
using FastMesh.Tls;

namespace FastMesh.Tests.Support;

/// <summary>Mutual TLS of a simulated world: one authority, a workload on each side.</summary>
internal static class SimulatedTls
{
    private const string Server = "spiffe://sim.test/ns/a/sa/server";
    private const int HandshakeTimeoutMs = 10_000;

    private static readonly TestAuthority s_authority = new();
    private static readonly TlsTicketKeys s_ticketKeys = new();

    private static readonly TlsPeerValidation s_validation = new() { TrustedCa = Bytes(s_authority.Pem) };

    /// <summary>As a cluster says it.</summary>
    public static UpstreamTls Upstream { get; } = new()
    {
        ServerName = "server.test",
        Certificates = [Certificate("spiffe://sim.test/ns/a/sa/client")],
        ApplicationProtocols = ["h2", "http/1.1"],
        Validation = s_validation with
        {
            SubjectAltNames =
                [new SubjectAltNameMatch(SubjectAltNameType.Uri, new StringMatcher(StringMatchKind.Exact, Server))],
        },
    };

    private static TlsContext ServerContext { get; } = Compile(static problems => TlsCompiler.CompileServer(
        new DownstreamTls
        {
            Certificates = [Certificate(Server)],
            ApplicationProtocols = ["h2", "http/1.1"],
            Validation = s_validation,
            RequireClientCertificate = true,
        },
        s_ticketKeys, "server", problems));

    private static TlsContext ClientContext { get; } =
        Compile(static problems => TlsCompiler.CompileClient(Upstream, "client", problems));

    /// <summary>Serves a connection behind its handshake; one that fails is closed.</summary>
    public static void Accept(AcceptedConnection accepted, NetworkFilterDelegate handler) => TlsHandshake.Begin(
        accepted.Transport, ServerContext.Accept(), HandshakeTimeoutMs, null, handshake =>
        {
            if (handshake.Succeeded)
            {
                accepted.Run(handler);
            }
            else
            {
                accepted.Transport.CloseLingering(1000);
            }
        });

    /// <summary>The client's side of a connection, behind its handshake.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<TransportConnection> ConnectAsync(TransportConnection connection)
    {
        TlsHandshake handshake = await TlsHandshake.RunAsync(
            connection, ClientContext.Connect("server.test"), HandshakeTimeoutMs);
        if (!handshake.Succeeded)
        {
            connection.Close();
            throw new InvalidOperationException(handshake.Reason);
        }

        return connection;
    }

    private static TlsContext Compile(Func<List<ConfigProblem>, TlsContext?> compile)
    {
        var problems = new List<ConfigProblem>();
        return compile(problems) ?? throw new InvalidOperationException(string.Join("; ", problems));
    }

    private static TlsCertificateData Certificate(string id)
    {
        IssuedCertificate issued = s_authority.Issue(Leaf.Workload(id));
        return new TlsCertificateData(Bytes(issued.ChainPem), Bytes(issued.KeyPem), [], []);
    }

    private static ValueList<byte> Bytes(string text) => ValueList.From(Encoding.ASCII.GetBytes(text));
}
