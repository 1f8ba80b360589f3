import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ClusterSpec, type Graph, type HostFacts, UserError } from '../../src/index.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { clusterGraph, earlierThan, factsOf, specOf } from './given.ts'

const versions = fc.constantFrom('1.34.11', '1.35.8', '1.36.4', '1.36.4')
const mostly = fc.integer({ min: 0, max: 9 }).map(number => number > 0)
const often = fc.integer({ min: 0, max: 3 }).map(number => number > 0)
const seldom = often.map(is => !is)

/** A host as its facts tell of it. */
const state = fc.record({
  answers: mostly,
  isAbsent: fc.integer({ min: 0, max: 4 }).map(number => number === 0),
  stands: mostly,
  hasEtcd: often,
  hasApi: often,
  hasMember: fc.boolean(),
  kubelet: fc.option(versions, { freq: 10 }),
  apiServer: fc.option(versions, { freq: 6 }),
  formerApiServer: fc.constantFrom(null, null, null, null, '1.35.8', '1.36.4'),
  etcdPlacedMs: fc.constantFrom(undefined, 1000, 9_000_000),
})
type State = typeof state extends fc.Arbitrary<infer T> ? T : never

const world = fc.record({
  servers: fc.array(state, { minLength: 1, maxLength: 5 }),
  workers: fc.array(state, { maxLength: 2 }),
  members: fc.array(state, { maxLength: 3 }),
  isExternal: seldom,
  cni: fc.constantFrom('flannel', 'calico', 'cilium', 'none'),
  localProxy: fc.constantFrom('nginx', 'haproxy'),
  hasGate: seldom,
  version: versions,
})
type World = typeof world extends fc.Arbitrary<infer T> ? T : never

interface Entry {
  readonly name: string
  readonly address: string
  readonly roles: readonly string[]
  readonly state: State
}

function entriesOf({ servers, workers, members, isExternal }: World): readonly Entry[] {
  const named = (prefix: string, role: string, states: readonly State[], net: number) =>
    states.map((one, at) => {
      const roles = role === 'control-plane' && isExternal && one.hasMember ? [role, 'etcd'] : [role]
      return { name: `${prefix}${at + 1}`, address: `192.0.2.${net + at}`, roles, state: one }
    })
  return [
    ...named('cp', 'control-plane', servers, 11),
    ...named('w', 'worker', workers, 21),
    ...(isExternal ? named('e', 'etcd', members, 31) : []),
  ]
}

function fileOf(given: World, entries: readonly Entry[]): ClusterSpec {
  return specOf({
    hosts: entries.map(({ state: { isAbsent }, ...host }) => ({ ...host, ...(isAbsent ? { state: 'absent' } : {}) })),
    kubernetes: { version: given.version },
    etcd: { allowEvenMembers: true, ...(given.isExternal ? { topology: 'external' } : {}) },
    network: { cni: given.cni },
    controlPlane: { localProxy: given.localProxy },
    ...(given.hasGate ? { rollout: { gate: { command: 'true' } } } : {}),
  })
}

function factsFor({ name, address, roles, state: told }: Entry): HostFacts {
  const isServer = roles.includes('control-plane') && told.stands
  const isNode = (isServer || roles.includes('worker')) && told.stands
  const ports = [
    22,
    ...(told.hasEtcd && (isServer || roles.includes('etcd')) ? [2379] : []),
    ...(told.hasApi && isServer ? [6443] : []),
  ]
  return factsOf(name, address, {
    kubernetes: {
      kubeletConf: isNode,
      adminConf: isServer,
      controlPlane: isServer,
      ...(isNode && told.kubelet !== null ? { kubelet: told.kubelet } : {}),
      ...(isServer && told.apiServer !== null ? { apiServer: told.apiServer } : {}),
      ...(isServer && told.formerApiServer !== null ? { formerApiServer: told.formerApiServer } : {}),
      ...(isServer && told.etcdPlacedMs !== undefined ? { etcdPlacedMs: told.etcdPlacedMs } : {}),
    },
    listening: ports.map(port => ({ port, address: '0.0.0.0', process: 'any' })),
  })
}

/** The graph of a world; undefined: its user is told why there is none. Throws whatever is no message for its user. */
function graphOf(given: World): Graph | undefined {
  try {
    const entries = entriesOf(given)
    const spec = fileOf(given, entries)
    const known = entries.filter(({ state: told }) => told.answers).map(entry => [entry.name, factsFor(entry)] as const)
    return clusterGraph(spec, new Map(known))
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}

const minutes = 60_000

/** Names of the hosts that leave and whose member of a stacked etcd serves nobody. */
function deadLeavers(given: World): { readonly silent: readonly string[]; readonly answering: readonly string[] } {
  if (given.isExternal) return { silent: [], answering: [] }
  const servers = entriesOf(given).filter(({ name, state: told }) => name.startsWith('cp') && told.isAbsent)
  const isCutOff = ({ stands, formerApiServer }: State) => stands && formerApiServer !== null
  const starts = ({ stands, etcdPlacedMs }: State) => stands && (etcdPlacedMs ?? 9 * minutes) < 5 * minutes
  const serves = (told: State) => starts(told) || (told.stands && told.hasEtcd)
  const names = (entries: readonly Entry[]) => entries.map(({ name }) => name)
  return {
    silent: names(servers.filter(({ state: told }) => !told.answers)),
    answering: names(servers.filter(({ state: told }) => told.answers && (isCutOff(told) || !serves(told)))),
  }
}

/** The tasks that stop a member of etcd, or make a host a control plane node beside others. */
const stops = ['kubeadm configuration', 'minor on the way']
const joins = ['kubeadm join']

function expectDeadFirst(given: World, graph: Graph): number {
  const { silent, answering } = deadLeavers(given)
  const tasks = [...graph.tasks.values()]
  const standing = new Set(entriesOf(given).flatMap(({ name, state: told }) => (told.stands ? [name] : [])))
  const gone = (names: readonly string[]) =>
    tasks.filter(({ resource: { kind, name } }) => kind === 'etcd member gone' && names.includes(name))
  expect(
    gone(answering)
      .map(({ resource }) => resource.name)
      .sort(),
  ).toEqual([...answering].sort())
  for (const { id, resource, host } of tasks) {
    const isStop = stops.includes(resource.kind)
    const isJoin = joins.includes(resource.kind) && host.startsWith('cp') && !standing.has(host)
    if (!isStop && !isJoin) continue
    const earlier = earlierThan(graph, id)
    for (const one of gone(isStop ? answering : [...answering, ...silent])) {
      expect(earlier.has(one.id), `${one.id} before ${id}`).toBe(true)
    }
  }
  return answering.length
}

test('whatever runs on which host of whichever cluster, tasks do not wait for each other', { timeout: 300_000 }, () => {
  const graphs: (Graph | undefined)[] = []
  fc.assert(
    fc.property(world, given => void graphs.push(graphOf(given))),
    fuzzing('graphs', 200),
  )
  expect(graphs.filter(one => one !== undefined).length).toBeGreaterThan(graphs.length / 4)
})

const leaver = fc.record({
  leaving: state.map(told => ({ ...told, isAbsent: true })),
  others: fc.array(state, { minLength: 1, maxLength: 4 }),
})
const leaving = fc.tuple(world, leaver).map(([given, { leaving: one, others }]) => ({
  ...given,
  isExternal: false,
  servers: [...others, one],
}))

test('members of etcd that are dead and leave go before another one is stopped, and before one joins', {
  timeout: 300_000,
}, () => {
  let dead = 0
  fc.assert(
    fc.property(leaving, given => {
      const graph = graphOf(given)
      if (graph !== undefined) dead += expectDeadFirst(given, graph)
    }),
    fuzzing('graphs of hosts that leave', 200),
  )
  expect(dead).toBeGreaterThan(20)
})
