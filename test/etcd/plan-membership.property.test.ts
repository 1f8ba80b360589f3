import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hasQuorum, type MembershipPlan, memberOf, planMembership, quorumOf } from '../../src/etcd/index.ts'
import { take, type World, worlds } from './world.ts'

const runs = { numRuns: 3000 }
// The machine may be busy with a cluster of another test.
const patience = 120_000
// The longest way replaces seven members by seven others: each takes a removal, and four steps to join.
const mostSteps = 7 * 5 + 7

/** Follows the planner to its end. Throws if the planner has none. */
function follow(start: World, allowEven = true): { readonly worlds: readonly World[]; readonly end: MembershipPlan } {
  const visited = [start]
  for (let serial = 0; serial <= mostSteps; serial++) {
    const at = visited.at(-1) as World
    const plan = planMembership(at.members, at.wanted, { allowEven })
    if (plan.is !== 'step') return { worlds: visited, end: plan }
    visited.push(take(at, plan.step, serial))
  }
  throw new Error(`no end after ${mostSteps} steps`)
}

describe('the planner of etcd members, on random clusters with random failures', { timeout: patience }, () => {
  test('never loses a quorum, whatever it starts from', () => {
    fc.assert(
      fc.property(worlds, world => {
        const { worlds: visited } = follow(world)
        if (visited.length > 1) expect(hasQuorum(quorumOf(world.members))).toBe(true)
        for (const { members } of visited.slice(1)) expect(hasQuorum(quorumOf(members))).toBe(true)
      }),
      runs,
    )
  })

  test('predicts the quorum before and after each step', () => {
    fc.assert(
      fc.property(worlds, world => {
        const plan = planMembership(world.members, world.wanted, { allowEven: true })
        if (plan.is === 'done') return
        expect(plan.before).toEqual(quorumOf(world.members))
        if (plan.is === 'step') expect(plan.after).toEqual(quorumOf(take(world, plan.step, 0).members))
      }),
      runs,
    )
  })

  test('has at most one pending member that it added, and gives or takes one vote at a time', () => {
    fc.assert(
      fc.property(worlds, world => {
        const { worlds: visited } = follow(world)
        for (const [index, { members }] of visited.entries()) {
          expect(members.filter(member => member.learner).length).toBeLessThanOrEqual(1)
          const former = visited[index - 1]
          if (former === undefined) continue
          const votes = quorumOf(members).voters - quorumOf(former.members).voters
          expect(Math.abs(votes)).toBeLessThanOrEqual(1)
        }
      }),
      runs,
    )
  })

  test('ends, with the wanted members or with a refusal that has the numbers', () => {
    fc.assert(
      fc.property(worlds, world => {
        const { worlds: visited, end } = follow(world)
        const { members, wanted } = visited.at(-1) as World
        if (end.is === 'refused') {
          expect(end.before).toEqual(quorumOf(members))
          expect(`${end.expected} ${end.actual}`).toMatch(/\d/)
          return
        }
        expect(members.length).toBe(wanted.length)
        const found = wanted.map(host => memberOf(host, members))
        expect(found.every(member => member !== undefined && !member.learner)).toBe(true)
        expect(new Set(found.map(member => member?.id)).size).toBe(wanted.length)
      }),
      runs,
    )
  })

  test('reaches the wanted members when the cluster has its quorum and every wanted host works', () => {
    fc.assert(
      fc.property(worlds, world => {
        fc.pre(hasQuorum(quorumOf(world.members)))
        fc.pre(world.wanted.every(({ name, data }) => world.alive.has(name) && data !== 'unreachable'))
        expect(follow(world).end).toEqual({ is: 'done' })
      }),
      runs,
    )
  })

  test('does nothing without a quorum', () => {
    fc.assert(
      fc.property(worlds, world => {
        fc.pre(!hasQuorum(quorumOf(world.members)))
        expect(planMembership(world.members, world.wanted, { allowEven: true }).is).not.toBe('step')
      }),
      runs,
    )
  })

  test('refuses an even number unless forced, with the arithmetic', () => {
    fc.assert(
      fc.property(worlds, world => {
        fc.pre(world.wanted.length % 2 === 0)
        const plan = planMembership(world.members, world.wanted)
        if (plan.is !== 'refused') throw new Error(plan.is)
        expect(plan.problem).toContain(`${world.wanted.length} members need ${world.wanted.length / 2 + 1}`)
      }),
      runs,
    )
  })
})
