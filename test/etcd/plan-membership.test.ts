import { describe, expect, test } from 'vitest'
import { describeStep, type Member, planMembership, type WantedMember } from '../../src/etcd/index.ts'
import { peerURL } from './world.ts'

const member = (host: number, change: Partial<Member> = {}): Member => ({
  id: `id${host}`,
  name: `e${host}`,
  peerURLs: [peerURL(host)],
  clientURLs: [peerURL(host).replace('2380', '2379')],
  learner: false,
  healthy: true,
  ...change,
})
const host = (number: number, change: Partial<WantedMember> = {}): WantedMember => ({
  name: `e${number}`,
  peerURL: peerURL(number),
  data: 'present',
  ...change,
})

/** The next step in words, or why there is none. */
function next(members: readonly Member[], wanted: readonly WantedMember[]): string {
  const plan = planMembership(members, wanted)
  if (plan.is === 'step') return describeStep(plan.step)
  return plan.is === 'done' ? 'done' : `refused: ${plan.problem} ${plan.actual}`
}

const three = [member(1), member(2), member(3)]
const wanted = [host(1), host(2), host(3)]

describe('the next change of etcd members', () => {
  test('is none when the members are the wanted ones, even when a member is down', () => {
    expect(next(three, wanted)).toBe('done')
    expect(next([member(1), member(2), member(3, { healthy: false })], wanted)).toBe('done')
  })

  test('compares addresses as a whole: 10.0.0.2 is not 10.0.0.21', () => {
    const members = [member(1), member(2), member(21)]
    const after = [host(1), host(21), host(3, { data: 'empty' })]
    const plan = planMembership(members, after)
    expect(plan.is === 'step' && describeStep(plan.step)).toBe('add e3 as a learner')
    const joined = [...members, member(3)]
    expect(next(joined, after)).toBe('remove e2 (id2): it is not wanted any more')
  })

  test('removes a dead member first, then adds its successor', () => {
    const members = [member(1), member(2), member(3, { healthy: false })]
    const after = [host(1), host(2), host(4, { data: 'empty' })]
    expect(next(members, after)).toBe('remove e3 (id3): it is not wanted any more and does not answer')
    expect(next([member(1), member(2)], after)).toBe('add e4 as a learner')
  })

  test('replaces a member whose disk is empty', () => {
    const members = [member(1), member(2), member(3, { healthy: false })]
    expect(next(members, [host(1), host(2), host(3, { data: 'empty' })])).toBe(
      'remove e3 (id3): its data is gone: it joins again as a new member',
    )
  })

  test('removes a dead member before it promotes a learner', () => {
    const members = [member(1), member(2), member(3, { healthy: false }), member(4, { learner: true, inSync: true })]
    expect(next(members, [host(1), host(2), host(4)])).toContain('remove e3 (id3)')
  })

  test('starts, waits for and promotes a learner before it adds another member', () => {
    const after = [host(1), host(2, { data: 'empty' }), host(3, { data: 'empty' })]
    const learner = { learner: true, healthy: true }
    const added = member(2, { name: '', clientURLs: [], learner: true, healthy: false })
    expect(next([member(1), added], after)).toBe('start e2 (id2)')
    expect(next([member(1), member(2, learner)], after)).toBe('wait for e2 (id2)')
    expect(next([member(1), member(2, { ...learner, inSync: true })], after)).toBe('promote e2 (id2)')
    expect(next([member(1), member(2, { learner: true, healthy: false })], [host(1), host(2), host(3)])).toContain(
      'refused: e2 is a member of etcd that is not promoted',
    )
  })

  test('is refused with the numbers where it would cost the quorum', () => {
    const members = [member(1), member(2), member(3, { healthy: false })]
    const plan = planMembership(members, [host(3)])
    expect(plan).toMatchObject({
      is: 'refused',
      before: { voters: 3, healthy: 2, needed: 2 },
      after: { voters: 2, healthy: 1, needed: 2 },
      expected: 'at least 2 of the 2 voting members that would be left answer',
      actual: '1 would answer',
    })
  })

  test('is refused where the quorum is lost', () => {
    const members = [member(1), member(2, { healthy: false }), member(3, { healthy: false })]
    expect(next(members, [host(1), host(2), host(4)])).toBe(
      'refused: etcd has lost its quorum, so its members cannot be changed. 1; silent: e2, e3',
    )
  })

  test('is refused for an even number of members, for none, for a member named twice, and for a member that moved', () => {
    expect(next(three, [host(1), host(2)])).toContain(
      '2 etcd members are no safer than 1: 2 members need 2 and survive the loss of 0, one alone survives no loss',
    )
    expect(next(three, [])).toContain('No etcd member would be left')
    expect(next(three, [host(1), host(2), host(2, { name: 'again' })])).toContain('the same peer URL')
    expect(next(three, [host(1), host(2), host(4, { id: 'id3' })])).toContain('e3 is known to the others by another')
  })
})
