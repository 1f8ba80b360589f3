import { parseClusterFile } from '../../src/config/index.ts'
import type { ClusterSpec, HostFacts, RemainsFacts } from '../../src/index.ts'
import { printedFacts, type Told } from '../facts/printed.ts'

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

/** The remains on a host where no other software has left anything. */
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

/** A host without faults at 192.0.2.<number>, with these facts besides. */
export function factsOf(host: string, number: number, told: Told = {}): HostFacts {
  const free = { '/usr/local/bin': 20 * gib, '/var/lib': 20 * gib, '/etc': 20 * gib, '/tmp': 20 * gib }
  return printedFacts(host, `192.0.2.${number}`, { swap: [], freeBytes: free, ...told })
}
