import { parseClusterFile } from '../../src/config/index.ts'
import type { ClusterSpec, HostFacts, RemainsFacts } from '../../src/index.ts'

/** Bytes. */
export const gib = 2 ** 30

/** cp1 and w1 with these settings. */
export function specOf(extra: Record<string, unknown> = {}, w1: Record<string, unknown> = {}): ClusterSpec {
  const document = {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'test' },
    spec: {
      ...extra,
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'w1', address: '192.0.2.21', roles: ['worker'], ...w1 },
      ],
    },
  }
  return parseClusterFile(JSON.stringify(document), 'cluster.yaml')
}

/** What is found on a host where no other software has left anything. */
export const noRemains: RemainsFacts = {
  begun: false,
  cniFiles: [],
  kubernetesFiles: [],
  kubeletSettings: [],
  containerdFiles: [],
  criOFiles: [],
  distributions: [],
  packages: [],
  interfaces: [],
  etcdFiles: [],
}

/** A host that nothing is wrong with: 192.0.2.<number>. */
export function factsOf(host: string, number: number, changes: Partial<HostFacts> = {}): HostFacts {
  return {
    host,
    os: { id: 'debian', like: [], version: '13', name: 'Debian GNU/Linux 13 (trixie)' },
    kernel: '6.12.48+deb13-amd64',
    machine: 'x86_64',
    architecture: 'amd64',
    userlandBits: 64,
    hostname: host,
    machineId: `${number}`.padStart(32, '0'),
    productUuid: `4c4c4544-0000-0000-0000-0000000000${number}`,
    cpus: 4,
    memoryBytes: 4 * gib,
    systemd: true,
    cgroupVersion: 2,
    cgroupControllers: ['cpu', 'cpuset', 'io', 'memory', 'pids'],
    addresses: [`192.0.2.${number}`, 'fe80::1'],
    defaultRoute: { interface: 'eth0', address: `192.0.2.${number}` },
    listening: [{ port: 22, address: '0.0.0.0', process: 'sshd' }],
    freeBytes: { '/usr/local/bin': 20 * gib, '/var/lib': 20 * gib, '/etc': 20 * gib, '/tmp': 20 * gib },
    clockOffsetMs: 5,
    roundTripMs: 20,
    kubernetes: { kubeletConf: false, adminConf: false, controlPlane: false },
    etcd: { data: 'none', own: false, ca: false, client: false },
    nameservers: ['192.0.2.1'],
    swap: [],
    networks: [],
    certificates: [],
    remains: noRemains,
    ...changes,
  }
}
