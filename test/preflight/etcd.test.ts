import { expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { setUnfitAside } from '../../src/cli/run/fit-hosts.ts'
import { inventoryOf } from '../../src/cluster/index.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { UserErrors } from '../../src/core/errors.ts'
import type { HostFacts } from '../../src/index.ts'
import { checkHosts } from '../../src/preflight/index.ts'
import { factsOf, noRemains, specOf } from './given-hosts.ts'

const names = ['cp1', 'e1', 'e2', 'e3']
const spec = parseClusterFile(
  JSON.stringify({
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'test' },
    spec: {
      etcd: { topology: 'external' },
      hosts: names.map((name, index) => ({
        name,
        address: `192.0.2.${11 + index}`,
        roles: [name === 'cp1' ? 'control-plane' : 'etcd'],
      })),
    },
  }),
  'cluster.yaml',
)

type Changes = Readonly<Record<string, Partial<HostFacts>>>

function factsWith(changes: Changes): ReadonlyMap<string, HostFacts> {
  return new Map(
    names.map((name, index) => [name, factsOf(name, 11 + index, { remains: noRemains, ...changes[name] })]),
  )
}

const found = (changes: Changes) =>
  checkHosts({ spec, distribution: kubeadm, facts: factsWith(changes) }).map(({ check, host, error }) => ({
    check,
    host,
    ...error.details,
  }))
const files = (...etcdFiles: string[]): Partial<HostFacts> => ({ remains: { ...noRemains, etcdFiles } })
const listens = (process: string): Partial<HostFacts> => ({
  listening: [{ port: 2379, address: '127.0.0.1', process }],
})
const own = { etcd: { data: 'formed', own: true, ca: false, client: false } } as const

test.each<[string, Partial<HostFacts>, string, RegExp, RegExp]>([
  ['data', files('/var/lib/etcd/default'), 'kubernetesFiles', /^\/var\/lib\/etcd\/default$/, /mv \/var\/lib\/etcd /],
  [
    'a unit',
    files('/etc/systemd/system/etcd.service'),
    'otherSoftware',
    /etcd\.service/,
    /rm -- '?\/etc\/systemd\/system\/etcd\.service/,
  ],
  ['a process', listens('etcd'), 'ports', /^etcd on 127\.0\.0\.1$/, /ss -ltnp/],
])(
  'an etcd of somebody else on an etcd host is found before anything is written: %s',
  (_, facts, check, actual, next) => {
    expect(found({ e2: facts })).toEqual([expect.objectContaining({ check, host: 'e2' })])
    expect(found({ e2: facts })[0]?.actual).toMatch(actual)
    expect(found({ e2: facts })[0]?.next).toMatch(next)
  },
)

test('a disk for the data of etcd that is not mounted is found, so that what is on it does not count as lost', () => {
  const empty = { etcd: { data: 'none', own: true, ca: false, client: false, unmounted: ['/var/lib/etcd'] } } as const
  expect(found({ e1: empty })).toMatchObject([
    {
      check: 'disk',
      host: 'e1',
      actual: 'nothing is mounted at /var/lib/etcd',
      next: expect.stringContaining('mount /var/lib/etcd'),
    },
  ])
  // Its log may be on a disk of its own, mounted in an existing folder.
  const log = { etcd: { ...own.etcd, unmounted: ['/var/lib/etcd/member/wal'] } }
  expect(found({ e1: log })).toMatchObject([{ check: 'disk', host: 'e1' }])
  // Its data is there, so the mount in fstab is not needed.
  expect(found({ e1: { etcd: { ...own.etcd, unmounted: ['/var/lib/etcd'] } } })).toEqual([])
  expect(found({ cp1: empty })).toEqual([])
})

test('the same holds for a control plane node with a stacked etcd whose data is in the usual folder', () => {
  const facts = (dataDir?: string) => {
    const etcd = { data: 'none', own: false, ca: false, client: false, unmounted: ['/var/lib/etcd'] } as const
    const kubernetes = dataDir === undefined ? {} : { clusterConfiguration: { etcd: { local: { dataDir } } } }
    return checkHosts({
      spec: specOf({ kubernetes }),
      distribution: kubeadm,
      facts: new Map([['cp1', factsOf('cp1', 11, { etcd })]]),
    })
  }
  expect(facts()).toMatchObject([{ check: 'disk', host: 'cp1' }])
  expect(facts('/data/etcd')).toEqual([])
})

test('a host whose disk for etcd is not mounted is set aside, and its member is not taken for one that lost its data', () => {
  const etcd = { data: 'none', own: true, ca: false, client: false, unmounted: ['/var/lib/etcd'] } as const
  const others = { cp1: {}, e2: own, e3: own }
  const { fit } = setUnfitAside(inventoryOf(spec, kubeadm, factsWith({ ...others, e1: { etcd } })), new Map())
  expect([...fit.keys()]).toEqual(['cp1', 'e2', 'e3'])
})

test('the data of another etcd is found by its log alone', () => {
  const data = { etcd: { data: 'formed', own: false, ca: false, client: false } } as const
  expect(found({ e1: data })).toMatchObject([{ check: 'kubernetesFiles', actual: '/var/lib/etcd/member' }])
})

test('a member that evcctl created is no finding, even if the names of processes are not known', () => {
  const member = { ...own, ...files('/var/lib/etcd/member') }
  expect(found({ e1: { ...member, ...listens('etcd') }, e2: { ...member, ...listens('') } })).toEqual([])
  expect(found({ e1: { ...member, ...listens('nginx') } })[0]?.check).toBe('ports')
})

test('a running etcd is found on a host that is to be a control plane node with its own, and on none that stands', () => {
  const stacked = specOf()
  const checks = (cp1: Partial<HostFacts>) =>
    checkHosts({
      spec: stacked,
      distribution: kubeadm,
      facts: new Map([['cp1', factsOf('cp1', 11, { remains: noRemains, ...cp1 })]]),
    }).map(({ check }) => check)
  expect(checks(listens('etcd'))).toEqual(['ports'])
  expect(checks({ ...listens('etcd'), remains: { ...noRemains, begun: true } })).toEqual([])
})

test('a new etcd is not begun without one of its hosts, and a standing one goes on without it', () => {
  const foreign = files('/var/lib/etcd/default')
  expect(() => setUnfitAside(inventoryOf(spec, kubeadm, factsWith({ e2: foreign })), new Map())).toThrow(UserErrors)
  const { unfit } = setUnfitAside(inventoryOf(spec, kubeadm, factsWith({ e1: own, e2: foreign, e3: own })), new Map())
  expect([...unfit.keys()]).toEqual(['e2'])
})
