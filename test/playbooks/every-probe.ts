import { type ClusterSpec, type HostFacts, Output, type Task } from '../../src/index.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
  { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
  { name: 'e1', address: '192.0.2.31', roles: ['etcd'] },
  {
    name: 'w1',
    address: '192.0.2.21',
    roles: ['worker'],
    labels: { a: 'b' },
    taints: [{ key: 'k', effect: 'NoSchedule' }],
  },
]
const facts: ReadonlyMap<string, HostFacts> = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))
const specs: readonly ClusterSpec[] = [
  specOf({ hosts: hosts.filter(({ name }) => name !== 'e1'), runtime: { name: 'docker' } }),
  specOf({ hosts, etcd: { topology: 'external' }, network: { cni: 'calico' }, runtime: { name: 'cri-o' } }),
  specOf({
    hosts: hosts.filter(({ name }) => name !== 'e1'),
    network: { cni: 'cilium' },
    controlPlane: { localProxy: 'haproxy' },
  }),
]

/** One task of each kind of probe, of clusters with different parts. */
export const tasks: readonly Task[] = [
  ...new Map(
    specs.flatMap(spec =>
      [...clusterGraph(spec, facts).tasks.values()].map(task => [task.resource.probe.script, task] as const),
    ),
  ).values(),
]

/** Words of the script that look like the keys and paths of its answers, so that an answer gets as far as possible. */
export function wordsOf(script: string): { readonly keys: readonly string[]; readonly paths: readonly string[] } {
  const keys = [...script.matchAll(/([A-Za-z][\w.-]*)=/g)].map(([, key = '']) => key)
  const paths = [...script.matchAll(/'(\/api[^']*)'/g)].map(([, path = '']) => path)
  return { keys: [...new Set(['state', 'said', ...keys])], paths }
}

/** What a task wants, as far as it is known without asking any host. */
export function wantedOf(desired: unknown): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(desired as Record<string, unknown>).map(([key, one]) => [
      key,
      one instanceof Output ? { unknown: true, from: one.from[0] } : one,
    ]),
  )
}
