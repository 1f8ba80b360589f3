import { freeSpacePaths, type HostFacts, type HostSpec, isControlPlane } from '../index.ts'
import { type CheckedCluster, type Finding, finding, sizeText } from './finding.ts'

/** The limit of kubeadm's check NumCPU for control plane nodes (kubeadm/app/constants: ControlPlaneNumCPU). */
const controlPlaneCpus = 2

/** Checks processors, memory and free disk space. */
export function* machineChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  const { minMemory, minFree } = spec.preflight
  const ignoresCpus = spec.kubernetes.ignorePreflightErrors.some(name => ['numcpu', 'all'].includes(name.toLowerCase()))
  if (isControlPlane(host) && facts.cpus < controlPlaneCpus && !ignoresCpus) {
    yield finding('cpus', host, {
      problem: 'The host has too few processors for a control plane node.',
      expected: `at least ${controlPlaneCpus}`,
      actual: String(facts.cpus),
      next: 'kubeadm refuses such a host, too: also name NumCPU in spec.kubernetes.ignorePreflightErrors.',
    })
  }
  const needed = Math.max(...host.roles.map(role => minMemory[role]))
  if (facts.memoryBytes < needed) {
    yield finding('memory', host, {
      problem: `The host has too little memory for ${nameOfRole(host)}.`,
      expected: `at least ${sizeText(needed)}`,
      actual: sizeText(facts.memoryBytes),
      next: 'spec.preflight.minMemory sets another limit.',
    })
  }
  for (const path of freeSpacePaths) {
    // A host that is a node already has its binaries and images, and needs no more space for them.
    if (facts.freeBytes[path] >= minFree[path] || facts.kubernetes.kubeletConf) continue
    yield finding('disk', host, {
      problem: `There is too little free space for ${path}.`,
      expected: `at least ${sizeText(minFree[path])}`,
      actual: sizeText(facts.freeBytes[path]),
      next: `Free some space (du -xh ${path} | sort -h | tail shows what takes it); spec.preflight.minFree sets another limit.`,
    })
  }
}

function nameOfRole(host: HostSpec): string {
  if (isControlPlane(host)) return 'a control plane node'
  return host.roles.includes('worker') ? 'a worker node' : 'an etcd host'
}
