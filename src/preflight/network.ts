import { type HostFacts, type HostSpec, privateAddressOf } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'

// RFC 1123 label or name; Linux takes 64 characters (HOST_NAME_MAX), Kubernetes 63 in a label of that name.
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Host name and private address. */
export function* networkChecks(_cluster: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (!namePattern.test(host.name) || host.name.length > 63) {
    yield finding('hostname', host, {
      problem: 'Its name cannot be the name of a node.',
      expected: 'lower case letters, digits, "-" and ".", at most 63 characters',
      actual: host.name,
    })
  }
  const address = privateAddressOf(host, facts)
  const own = facts.addresses.join(', ') || 'none'
  if (address === undefined) {
    yield finding('privateAddress', host, {
      problem: 'It is not known by which address the other nodes reach it: it has no default route.',
      expected: 'a default route, or privateAddress in cluster.yaml',
      actual: `addresses: ${own}`,
      next: `Add to the host in cluster.yaml: privateAddress: ${facts.addresses[0] ?? '<address>'}`,
    })
  } else if (!facts.addresses.includes(address)) {
    yield finding('privateAddress', host, {
      problem: `${address} is not an address of the host itself, so that nothing there could listen on it.`,
      expected: own,
      actual: host.privateAddress === undefined ? `${address} (its address in cluster.yaml)` : address,
      next: facts.kubernetes.controlPlane
        ? `It is a control plane node, which keeps its address: give the machine ${address} back. To make it a new node with another address, set privateAddress in cluster.yaml: plan then says how.`
        : `Set in cluster.yaml: privateAddress: ${facts.defaultRoute?.address ?? facts.addresses[0] ?? '<address>'}`,
    })
  }
}
