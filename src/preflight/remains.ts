import { type HostFacts, type HostSpec, isNode, quoteAll } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isNodeAlready, isOrWasBegun } from './node.ts'
import { isOwnCniFile, isOwnInterface } from './pod-network.ts'

/**
 * Finds remains of other software, or of an earlier cluster, that would disturb the node that evcctl will make of the host.
 */
export function* remainsChecks(
  { spec, distribution }: CheckedCluster,
  host: HostSpec,
  facts: HostFacts,
): Iterable<Finding> {
  if (isNodeAlready(facts) || !isNode(host)) return
  // If evcctl was interrupted while it made the host a node, the files of a cluster are from that run.
  const begun = isOrWasBegun(facts)
  const files = begun ? undefined : distribution.formerNode.files(spec, host, facts)
  if (files !== undefined) yield finding('kubernetesFiles', host, files)
  const { cniFiles, interfaces } = facts.remains
  // If evcctl installs no pod network, these files may belong to the wanted one.
  const foreign = spec.network.cni === 'none' ? [] : cniFiles.filter(path => !isOwnCniFile(spec, path))
  if (foreign.length > 0) {
    yield finding('cniFiles', host, {
      problem:
        'There are network configurations of other software. Pods would get addresses from the first of these, not from the cluster.',
      expected: `nothing in /etc/cni/net.d but what ${spec.network.cni} writes`,
      actual: foreign.join('\n'),
      next: `If nothing on the host needs them any more: mkdir -p /root/cni-before && mv -- ${quoteAll(foreign)} /root/cni-before/`,
    })
  }
  for (const problem of distribution.formerNode.kubeletSettings(facts)) yield finding('kubeletFlags', host, problem)
  const others = begun ? [] : interfaces.filter(name => !isOwnInterface(spec, name) && isInUse(name, facts))
  if (others.length > 0 && spec.network.cni !== 'none') {
    const some = others.slice(0, 5)
    yield finding('interfaces', host, {
      problem: 'There are network interfaces of another pod network.',
      expected: `none, or those of ${spec.network.cni}`,
      actual:
        others.length > some.length ? `${some.join(', ')} and ${others.length - some.length} more` : some.join(', '),
      next: `Remove the software that created them, then reboot, or: ${some.map(name => `ip link delete ${quoteAll([name])}`).join('; ')}`,
    })
  }
}

// The kernel creates tunl0 as soon as anything loads its module.
function isInUse(name: string, facts: HostFacts): boolean {
  return name !== 'tunl0' || facts.networks.some(({ device }) => device === name)
}
