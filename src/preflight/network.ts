import { type HostFacts, type HostSpec, privateAddressOf } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'

// A label or name of RFC 1123. Linux allows 64 characters (HOST_NAME_MAX), but Kubernetes also uses the name as a label,
// which has at most 63.
const namePattern = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Checks the name and the private address. */
export function* networkChecks(_cluster: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  if (!namePattern.test(host.name) || host.name.length > 63) {
    yield finding('hostname', host, {
      problem: 'The name of the host cannot be the name of a node.',
      expected: 'lower case letters, digits, "-" and ".", at most 63 characters',
      actual: host.name,
    })
  }
  const address = privateAddressOf(host, facts)
  const own = facts.addresses.join(', ') || 'none'
  if (address === undefined) {
    yield finding('privateAddress', host, {
      problem: 'The host has no default route, so evcctl does not know at which address the other nodes reach it.',
      expected: 'a default route, or privateAddress in cluster.yaml',
      actual: `addresses: ${own}`,
      next: `Add to the host in cluster.yaml: privateAddress: ${facts.addresses[0] ?? '<address>'}`,
    })
  } else if (!facts.addresses.includes(address)) {
    yield finding('privateAddress', host, {
      problem: `${address} is not an address of the host itself, so nothing on the host could listen on it.`,
      expected: own,
      actual: host.privateAddress === undefined ? `${address} (its address in cluster.yaml)` : address,
      next: facts.kubernetes.controlPlane
        ? `A control plane node cannot change its address: give ${address} back to the machine. To make it a new node with another address, set privateAddress in cluster.yaml; evcctl plan then says how to continue.`
        : `Set in cluster.yaml: privateAddress: ${facts.defaultRoute?.address ?? facts.addresses[0] ?? '<address>'}`,
    })
  }
}
