import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasQuorum, memberOf, planMembership, quorumOf, removalsOf, routeOf } from '../../src/etcd/index.ts'
import { take, type World, worlds } from './world.ts'

const runs = { numRuns: 2000 }
// The machine may be busy with a cluster of another test.
const patience = 120_000
const options = { allowEven: true }

/** Lets one host join as the planner says. etcd adds no member while a voting member is silent. */
function join(start: World, name: string, serial: number): World | 'refused by etcd' {
  let at = start
  for (let round = 0; round < 5; round++) {
    const own = [...at.wanted].sort((a, b) => Number(b.name === name) - Number(a.name === name))
    const plan = planMembership(at.members, own, options)
    if (plan.is !== 'step' || plan.step.do === 'remove' || plan.step.member.name !== name) return at
    const silent = at.members.some(member => !member.learner && !member.healthy)
    if (plan.step.do === 'add learner' && silent) return 'refused by etcd'
    at = take(at, plan.step, serial * 10 + round)
  }
  return at
}

/** The worlds on the way of an apply: the dead members leave, all hosts join, then former members leave. */
function stages(
  world: World,
  order: readonly string[],
): { readonly visited: readonly World[]; readonly failed: boolean } {
  const visited = [world]
  const last = () => visited.at(-1) as World
  for (const { step } of removalsOf(world.members, world.wanted, { ...options, only: 'not voting or silent' })) {
    visited.push(take(last(), step, 0))
  }
  // A host whose turn it is while another host is a learner has to wait, so each host gets two turns.
  for (const [index, name] of [...order, ...order].entries()) {
    const joined = join(last(), name, index + 1)
    if (joined === 'refused by etcd') return { visited, failed: true }
    visited.push(joined)
  }
  for (const { step } of removalsOf(last().members, last().wanted, options)) visited.push(take(last(), step, 0))
  return { visited, failed: false }
}

const shuffled = worlds.chain(world =>
  fc
    .shuffledSubarray(
      world.wanted.map(({ name }) => name),
      { minLength: world.wanted.length },
    )
    .map(order => ({ world, order })),
)

describe('the steps of an apply, on random clusters with random failures', { timeout: patience }, () => {
  test('never lose a quorum that the cluster has', () => {
    fc.assert(
      fc.property(shuffled, ({ world, order }) => {
        fc.pre(hasQuorum(quorumOf(world.members)))
        for (const { members } of stages(world, order).visited) {
          if (!hasQuorum(quorumOf(members))) throw new Error('the quorum is lost')
        }
      }),
      runs,
    )
  })

  test('reach the wanted members, in whatever order these join, when every wanted host works', () => {
    fc.assert(
      fc.property(shuffled, ({ world, order }) => {
        fc.pre(hasQuorum(quorumOf(world.members)))
        fc.pre(world.wanted.every(({ name, data }) => world.alive.has(name) && data !== 'unreachable'))
        const { visited, failed } = stages(world, order)
        const { members, wanted } = visited.at(-1) as World
        expect(failed).toBe(false)
        expect(planMembership(members, wanted, options)).toEqual({ is: 'done' })
        expect(members.length).toBe(wanted.length)
      }),
      runs,
    )
  })

  test('remove no living, voting member before the new members have joined', () => {
    fc.assert(
      fc.property(worlds, ({ members, wanted }) => {
        for (const { step } of removalsOf(members, wanted, { ...options, only: 'not voting or silent' })) {
          const member = members.find(({ id }) => 'id' in step && id === step.id)
          if (member === undefined || (member.healthy && !member.learner)) throw new Error('a living voter')
        }
      }),
      runs,
    )
  })
})

describe('the route that a plan shows', { timeout: patience }, () => {
  test('removes each member that is unwanted or lost exactly once, and the quorum numbers of its steps follow on each other', () => {
    fc.assert(
      fc.property(worlds, ({ members, wanted }) => {
        const { steps, refused } = routeOf(members, wanted, options)
        const removed = steps.flatMap(({ step }) => (step.do === 'remove' ? [step.id] : []))
        expect(new Set(removed).size).toBe(removed.length)
        for (const [index, { before }] of steps.entries()) {
          expect(before).toEqual(index === 0 ? quorumOf(members) : before)
          expect(hasQuorum(before)).toBe(true)
        }
        if (refused !== undefined) return
        const kept = members.filter(({ id }) => !removed.includes(id))
        for (const member of kept) expect(wanted.some(host => memberOf(host, members)?.id === member.id)).toBe(true)
      }),
      runs,
    )
  })

  test('is the route that the apply takes, when every wanted host works', () => {
    fc.assert(
      fc.property(worlds, world => {
        fc.pre(world.wanted.every(({ name, data }) => world.alive.has(name) && data !== 'unreachable'))
        const { steps, refused } = routeOf(world.members, world.wanted, options)
        let at = world
        for (const [serial, { step, before, after }] of steps.entries()) {
          const plan = planMembership(at.members, at.wanted, options)
          if (plan.is !== 'step' || plan.step.do !== step.do) throw new Error(`${step.do} was foreseen`)
          expect({ before, after }).toEqual({ before: plan.before, after: plan.after })
          at = take(at, plan.step, serial)
        }
        expect(planMembership(at.members, at.wanted, options).is).toBe(refused === undefined ? 'done' : 'refused')
      }),
      runs,
    )
  })
})
