import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { refuseSecondCluster, setUnfitAside } from '../../src/cli/run/fit-hosts.ts'
import { inventoryOf } from '../../src/cluster/index.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { exitCodes, HostError, UserErrors } from '../../src/core/errors.ts'
import type { HostFacts } from '../../src/index.ts'
import { factsOf } from '../preflight/given-hosts.ts'

const spec = parseClusterFile(
  JSON.stringify({
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'Cluster',
    metadata: { name: 'test' },
    spec: {
      hosts: [
        { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
        { name: 'cp2', address: '192.0.2.12', roles: ['control-plane'] },
        { name: 'cp3', address: '192.0.2.13', roles: ['control-plane'] },
        { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
      ],
    },
  }),
  'cluster.yaml',
)
const numbers = { cp1: 11, cp2: 12, cp3: 13, w1: 21 }
const standing = { kubernetes: { kubeletConf: true, adminConf: true, controlPlane: true } }

type Changes = { readonly [name in keyof typeof numbers]?: Partial<HostFacts> }

function aside(changes: Changes) {
  const facts = Object.entries(numbers).map(
    ([name, number]) => [name, factsOf(name, number, changes[name as keyof typeof numbers])] as const,
  )
  return setUnfitAside(inventoryOf(spec, kubeadm, new Map(facts)), new Map())
}

describe('a host that preflight finds something wrong with', () => {
  test.each<[string, keyof typeof numbers, Changes]>([
    ['a clock that is off', 'w1', { w1: { clockOffsetMs: 90_000 } }],
    ['the machine ID of another', 'w1', { w1: { machineId: factsOf('cp1', 11).machineId } }],
    ['a control plane node without systemd, where the cluster begins elsewhere', 'cp2', { cp2: { systemd: false } }],
    ['the first of the file, where another control plane node stands', 'cp1', { cp1: { cpus: 1 }, cp2: standing }],
  ])('fails alone: %s', (_, host, changes) => {
    const { fit, unfit } = aside(changes)
    expect([...unfit.keys()]).toEqual([host])
    expect([...fit.keys()]).toEqual(Object.keys(numbers).filter(name => name !== host))
    expect(unfit.get(host)).toMatchObject({ kind: 'unfit', exitCode: exitCodes.failed })
  })

  test('of two that are alike it is the one that is no node yet, or no control plane node', () => {
    const { machineId } = factsOf('w1', 21)
    expect([...aside({ cp1: standing, cp2: { machineId }, w1: { ...standing } }).unfit.keys()]).toEqual(['cp2'])
    expect([...aside({ cp2: { machineId } }).unfit.keys()]).toEqual(['w1'])
  })

  test('is told with all that is wrong with it', () => {
    const { details } = aside({ w1: { clockOffsetMs: 90_000, systemd: false } }).unfit.get('w1')!
    expect(details).toMatchObject({ where: 'w1 (192.0.2.21)', problem: 'There are 2 things wrong with it.' })
    expect(details.actual).toMatch(/systemd as process 1[\s\S]*90\.0 s ahead/)
  })

  test('ends the run where the cluster is to begin on it', () => {
    expect(() => aside({ cp1: { cpus: 1 }, w1: { systemd: false } })).toThrow(UserErrors)
  })

  test('ends the run where it is the only control plane node that stands: no other one begins a second cluster', () => {
    expect(() => aside({ cp2: { ...standing, machineId: '' } })).toThrow(/no machine ID/)
  })

  test('is nobody where all are fit', () => {
    expect(aside({}).unfit.size).toBe(0)
  })
})

test('the last control plane node is not removed: those that stay would begin another cluster', () => {
  const [cp1, ...others] = spec.hosts
  const leaving = (facts: ReadonlyMap<string, HostFacts>) => () =>
    refuseSecondCluster(inventoryOf({ ...spec, hosts: others, leaving: [cp1!] }, kubeadm, facts), new Map())
  const known = (changes: Changes) =>
    new Map(
      Object.entries(numbers).map(([name, number]) => [
        name,
        factsOf(name, number, changes[name as keyof typeof numbers]),
      ]),
    )
  expect(leaving(known({ cp1: standing }))).toThrow(
    /cp1: the last control plane node [\s\S]*0 stay: cp2, cp3 are none yet/,
  )
  expect(leaving(known({ cp1: standing, cp2: standing }))).not.toThrow()
  // A silent one may be a control plane node; one that answers and is none is no obstacle.
  const silent = known({})
  silent.delete('cp1')
  expect(leaving(silent)).toThrow('cp1: the last control plane node')
  expect(leaving(known({}))).not.toThrow()
})

describe('a cluster is not begun', () => {
  const refused = (silent: readonly string[], changes: Changes = {}) => {
    const answering = Object.entries(numbers).filter(([name]) => !silent.includes(name))
    const facts = answering.map(
      ([name, number]) => [name, factsOf(name, number, changes[name as keyof typeof numbers])] as const,
    )
    const failed = silent.map(
      name => [name, new HostError(name, 'unreachable', { where: name, problem: 'off' })] as const,
    )
    return () => refuseSecondCluster(inventoryOf(spec, kubeadm, new Map(facts)), new Map(failed))
  }

  test('while a control plane host is silent that may be the node of a standing one', () => {
    expect(refused(['cp2'])).toThrow('it is not known whether cp2 is one')
    expect(refused(['cp2', 'cp3'], { w1: { kubernetes: { ...standing.kubernetes, controlPlane: false } } })).toThrow(
      'w1: a node of a cluster already',
    )
  })

  test('but goes on where one stands, where it was begun, and where a worker is silent', () => {
    expect(refused(['cp2'], { cp3: standing })).not.toThrow()
    expect(refused(['cp2'], { cp1: { kubernetes: { ...standing.kubernetes, controlPlane: false } } })).not.toThrow()
    expect(refused(['w1'])).not.toThrow()
    expect(refused([])).not.toThrow()
  })
})
