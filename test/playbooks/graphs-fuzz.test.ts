import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ClusterSpec, type HostFacts, UserError } from '../../src/index.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { clusterGraph, factsOf, specOf } from './given.ts'

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

/** Whether a graph can be built, or its user is told why not. Throws whatever is no message for its user. */
function outcome(given: World): 'built' | 'refused' {
  try {
    const entries = entriesOf(given)
    const spec = fileOf(given, entries)
    const known = entries.filter(({ state: told }) => told.answers).map(entry => [entry.name, factsFor(entry)] as const)
    clusterGraph(spec, new Map(known))
    return 'built'
  } catch (error) {
    if (error instanceof UserError) return 'refused'
    throw error
  }
}

test('whatever runs on which host of whichever cluster, tasks do not wait for each other', { timeout: 300_000 }, () => {
  const outcomes: string[] = []
  fc.assert(
    fc.property(world, given => void outcomes.push(outcome(given))),
    fuzzing('graphs', 200),
  )
  expect(outcomes.filter(one => one === 'built').length).toBeGreaterThan(outcomes.length / 4)
})
