import { expect, test } from 'vitest'
import { checkHosts } from '../../roles/preflight/index.ts'
import { setUnfitAside } from '../../src/cli/fit-hosts.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { UserErrors } from '../../src/core/errors.ts'
import type { HostFacts } from '../../src/index.ts'
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
  checkHosts(spec, factsWith(changes)).map(({ check, host, error }) => ({ check, host, ...error.details }))
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
  (_, facts, check, came, next) => {
    expect(found({ e2: facts })).toEqual([expect.objectContaining({ check, host: 'e2' })])
    expect(found({ e2: facts })[0]?.came).toMatch(came)
    expect(found({ e2: facts })[0]?.next).toMatch(next)
  },
)

test('the data of another etcd is found where its log alone is seen', () => {
  const data = { etcd: { data: 'formed', own: false, ca: false, client: false } } as const
  expect(found({ e1: data })).toMatchObject([{ check: 'kubernetesFiles', came: '/var/lib/etcd/member' }])
})

test('a member that evcctl has made is no finding, also where nothing tells the names of processes', () => {
  const member = { ...own, ...files('/var/lib/etcd/member') }
  expect(found({ e1: { ...member, ...listens('etcd') }, e2: { ...member, ...listens('') } })).toEqual([])
  expect(found({ e1: { ...member, ...listens('nginx') } })[0]?.check).toBe('ports')
})

test('a running etcd is found on a host that is to be a control plane node with its own, and on none that stands', () => {
  const stacked = specOf()
  const checks = (cp1: Partial<HostFacts>) =>
    checkHosts(stacked, new Map([['cp1', factsOf('cp1', 11, { remains: noRemains, ...cp1 })]])).map(
      ({ check }) => check,
    )
  expect(checks(listens('etcd'))).toEqual(['ports'])
  expect(checks({ ...listens('etcd'), remains: { ...noRemains, begun: true } })).toEqual([])
})

test('a new etcd is not begun without one of its hosts, and a standing one goes on without it', () => {
  const foreign = files('/var/lib/etcd/default')
  expect(() => setUnfitAside(spec, factsWith({ e2: foreign }), new Map())).toThrow(UserErrors)
  const { unfit } = setUnfitAside(spec, factsWith({ e1: own, e2: foreign, e3: own }), new Map())
  expect([...unfit.keys()]).toEqual(['e2'])
})
