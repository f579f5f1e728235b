using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>corosync.conf: who is a member, over which links, and who votes.</summary>
internal static class CorosyncConfiguration
{
    public static string Of(ClusterPlan plan) => $$"""
        # Written by tgctl ha. Both nodes have the same file.
        totem {
          version: 2
          cluster_name: {{plan.Name}}
          transport: knet
          crypto_cipher: aes256
          crypto_hash: sha256
          # A node that says nothing for a second is asked for, after another 1.2 s it is out.
          token: 1000
        }
        nodelist {
        {{string.Concat(plan.Nodes.Select((node, index) => Node(node, index + 1)))}}}
        quorum {
          provider: corosync_votequorum
        {{(plan.Witness is null ? "  two_node: 1\n" : Device(plan.Witness))}}}
        logging {
          to_logfile: no
          to_syslog: yes
          to_stderr: no
          timestamp: hires
        }

        """;

    private static string Node(ClusterNode node, int id)
    {
        // The private link carries everything; the public one takes over when it fails.
        var second = node.PublicAddress == node.PrivateAddress ? "" : $"    ring1_addr: {node.PublicAddress}\n";
        return $"  node {{\n    name: {node.Name}\n    nodeid: {id}\n    ring0_addr: {node.PrivateAddress}\n{second}  }}\n";
    }

    private static string Device(string witness) => $$"""
          device {
            model: net
            votes: 1
            timeout: 3000
            sync_timeout: 6000
            net {
              host: {{witness}}
              algorithm: ffsplit
              tls: required
            }
          }

        """;
}
