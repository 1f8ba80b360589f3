import { parseClusterFile } from '../../src/config/index.ts'
import {
  type Architecture,
  type ClusterSpec,
  dependenciesOf,
  type Graph,
  type HostFacts,
  type TaskId,
} from '../../src/index.ts'
import { noRemains } from '../roles/given-hosts.ts'

const gib = 2 ** 30

/** A cluster of one control plane node and two workers; `spec` is laid over it, key by key. */
export function specOf(spec: Record<string, unknown> = {}): ClusterSpec {
  const document = {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'edge-seoul' },
    spec: {
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
        {
          name: 'jetson-07',
          address: 'jetson-07.example',
          privateAddress: '10.8.0.7',
          roles: ['worker'],
          labels: { 'evc.example/camera': 'north' },
          taints: [{ key: 'evc.example/gpu', effect: 'NoSchedule' }],
        },
      ],
      ...spec,
    },
  }
  return parseClusterFile(JSON.stringify(document), 'cluster.yaml')
}

export function factsOf(host: string, address: string, architecture: Architecture = 'amd64'): HostFacts {
  return {
    host,
    os: { id: 'debian', like: [], version: '13', name: 'Debian GNU/Linux 13 (trixie)' },
    kernel: '6.12.48',
    machine: architecture === 'amd64' ? 'x86_64' : 'aarch64',
    architecture,
    userlandBits: 64,
    hostname: host,
    machineId: host.padStart(32, '0'),
    productUuid: '',
    cpus: 4,
    memoryBytes: 4 * gib,
    systemd: true,
    cgroupVersion: 2,
    cgroupControllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'],
    addresses: [address],
    defaultRoute: { interface: 'eth0', address },
    listening: [],
    freeBytes: { '/usr/local/bin': 20 * gib, '/var/lib': 20 * gib, '/etc': 20 * gib, '/tmp': 20 * gib },
    clockOffsetMs: 0,
    roundTripMs: 20,
    kubernetes: { kubeletConf: false, adminConf: false, controlPlane: false },
    etcd: { data: 'none', own: false, ca: false, client: false },
    nameservers: ['192.0.2.1'],
    swap: [],
    networks: [],
    certificates: [],
    remains: noRemains,
  }
}

/** Facts of the hosts of specOf(): one of them is arm64. */
export const facts: ReadonlyMap<string, HostFacts> = new Map([
  ['cp1', factsOf('cp1', '192.0.2.11')],
  ['w1', factsOf('w1', '192.0.2.21')],
  ['jetson-07', factsOf('jetson-07', '10.8.0.7', 'arm64')],
])

/** All tasks that a task waits for, directly or through others. */
export function waitsFor(graph: Graph, id: string): ReadonlySet<string> {
  const dependencies = dependenciesOf(graph)
  const found = new Set<string>()
  const visit = (at: TaskId) => {
    for (const before of dependencies.get(at) ?? []) {
      if (found.has(before)) continue
      found.add(before)
      visit(before)
    }
  }
  visit(id as TaskId)
  return found
}
