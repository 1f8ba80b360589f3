import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { resetAll } from '../../playbooks/reset.ts'
import { type ClusterSpec, type HostFacts, inventoryOf, Output, type Task } from '../../src/index.ts'
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
const leaving = [
  { name: 'cp4', address: '192.0.2.14', roles: ['control-plane'], state: 'absent' },
  { name: 'w2', address: '192.0.2.22', roles: ['worker'], state: 'absent' },
]
type Facts = ReadonlyMap<string, HostFacts>
const fresh: Facts = new Map(hosts.map(({ name, address }) => [name, factsOf(name, address)]))

/** The hosts as nodes and members of etcd that stand. */
function standing(
  topology: 'stacked' | 'external',
  all: readonly Pick<(typeof hosts)[number], 'name' | 'address' | 'roles'>[] = hosts,
  version?: string,
): Facts {
  return new Map(
    all.map(({ name, address, roles }) => {
      const controlPlane = roles.includes('control-plane')
      const kubeletConf = !roles.includes('etcd')
      const own = topology === 'external' && roles.includes('etcd')
      const etcd = {
        data: own ? 'formed' : 'none',
        own,
        ca: own,
        client: topology === 'external' && controlPlane,
      } as const
      const kubelet = version === undefined ? {} : { kubelet: version }
      const kubernetes = { kubeletConf, adminConf: controlPlane, controlPlane, ...kubelet }
      return [name, factsOf(name, address, { kubernetes, etcd })]
    }),
  )
}

const withoutEtcd = hosts.filter(({ name }) => name !== 'e1')
const archives = [{ url: 'http://192.0.2.5/a.tar', sha256: 'a'.repeat(64) }]
const registryMirrors = { 'docker.io': ['http://192.0.2.5:5000'] }
const clusters: readonly (readonly [ClusterSpec, Facts])[] = [
  [specOf({ hosts: withoutEtcd, runtime: { name: 'docker', registryMirrors }, images: { archives } }), fresh],
  [
    specOf({
      hosts,
      etcd: { topology: 'external' },
      network: { cni: 'calico' },
      runtime: { name: 'cri-o', registryMirrors },
      images: { archives },
    }),
    fresh,
  ],
  [
    specOf({
      hosts: withoutEtcd,
      network: { cni: 'cilium' },
      controlPlane: { localProxy: 'haproxy' },
      runtime: { name: 'containerd', registryMirrors },
    }),
    fresh,
  ],
  [specOf({ hosts: withoutEtcd }), standing('stacked')],
  [specOf({ hosts: [...withoutEtcd, ...leaving] }), standing('stacked', [...hosts, ...leaving])],
  [specOf({ hosts, etcd: { topology: 'external' } }), standing('external')],
  [specOf({ hosts: withoutEtcd }), standing('stacked', withoutEtcd, '1.35.8')],
]

/** All tasks of clusters with different parts, new ones and such that stand. */
export const all: readonly Task[] = clusters.flatMap(([spec, facts]) => [...clusterGraph(spec, facts).tasks.values()])

/** All tasks of resets. */
const resets: readonly Task[] = [
  inventoryOf(specOf({ hosts: withoutEtcd }), kubeadm, standing('stacked')),
  inventoryOf(specOf({ hosts, etcd: { topology: 'external' } }), kubeadm, standing('external')),
].flatMap(inventory => [...resetAll(inventory).tasks.values()])

/** One of all of them for each probe. */
export const tasks: readonly Task[] = [
  ...new Map([...resets, ...all].map(task => [task.resource.probe.script, task])).values(),
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
