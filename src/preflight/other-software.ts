import { type HostFacts, type HostSpec, isNode } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'
import { isNodeAlready } from './node.ts'

interface Distribution {
  readonly name: string
  readonly path: RegExp
  readonly remove: string
}

// How to remove each distribution, according to its own documentation.
const distributions: readonly Distribution[] = [
  { name: 'K3s', path: /\/k3s/, remove: '/usr/local/bin/k3s-uninstall.sh or k3s-agent-uninstall.sh' },
  { name: 'RKE2', path: /\/rke2/, remove: 'rke2-uninstall.sh' },
  { name: 'k0s', path: /\/k0s/, remove: 'k0s stop; k0s reset; rm /usr/local/bin/k0s; reboot' },
  { name: 'MicroK8s', path: /\/microk8s/, remove: 'snap remove --purge microk8s' },
  { name: "Canonical Kubernetes' snap", path: /^\/snap\/bin\/k8s$/, remove: 'snap remove --purge k8s' },
  { name: "the kubelet's snap", path: /^\/snap\/bin\/kubelet$/, remove: 'snap remove --purge kubelet' },
  { name: 'MicroShift', path: /\/microshift$/, remove: 'microshift-cleanup-data --all; then remove its package' },
]

/** Finds other Kubernetes distributions, and packages that conflict with those that evcctl installs. */
export function* otherSoftwareChecks(
  { spec, distribution }: CheckedCluster,
  host: HostSpec,
  facts: HostFacts,
): Iterable<Finding> {
  if (isNodeAlready(facts) || !isNode(host)) return
  const others = facts.remains.distributions.filter(path => !distribution.ownPaths.includes(path))
  for (const { name, path, remove } of distributions) {
    const found = others.filter(one => path.test(one))
    if (found.length === 0) continue
    yield finding('otherSoftware', host, {
      problem: `${name} is installed. It uses the ports, interfaces and packet filters that the node needs.`,
      expected: 'no other Kubernetes on the host',
      actual: found.join('\n'),
      next: `If nobody needs it any more: ${remove}`,
    })
  }
  if (spec.runtime.name === 'docker' && facts.remains.packages.includes('docker-ce')) {
    yield finding('otherSoftware', host, {
      problem: "Docker's own packages are installed. They conflict with the distribution's docker.io.",
      expected: 'no Docker, or the package docker.io',
      actual: 'the package docker-ce',
      next: 'Remove it (apt-get remove docker-ce docker-ce-cli containerd.io), or choose another spec.runtime.',
    })
  }
}
