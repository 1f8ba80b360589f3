import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type EtcdMemberDesired, etcdMember } from '../../src/resources/etcd/member.ts'
import { type EtcdMemberState, parseMember } from '../../src/resources/etcd/member-state.ts'
import { Sandbox } from './sandbox.ts'

const host = (number: number) => ({
  name: `e${number}`,
  peerURL: `https://192.0.2.3${number}:2380`,
  clientURL: `https://192.0.2.3${number}:2379`,
})
const resource = etcdMember({
  name: 'e3',
  members: [host(1), host(2), host(3)],
  token: 'edge-etcd',
  data: {},
  allowEven: false,
})
const line = (number: number, learner = false) =>
  `member=id${number}, started, e${number}, https://192.0.2.3${number}:2380, https://192.0.2.3${number}:2379, ${learner}`
const alive = (number: number) => `alive=https://192.0.2.3${number}:2379, id${number}, 3.6.8, 3.6.0, 20 kB`
const see = (...lines: readonly string[]): EtcdMemberState =>
  parseMember({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' })
const formed = { data: { e1: 'formed', e2: 'formed', e3: 'none' } } as const
const none = { data: { e1: 'none', e2: 'none', e3: 'none' } } as const

/** What a plan says: the fields, or the problem. */
function plan(current: EtcdMemberState, desired: EtcdMemberDesired): string {
  const change = resource.diff(current, desired, { watched: [] })
  if (change === undefined) return 'in desired state'
  const { refused, fields, note } = change
  if (refused !== undefined) return `refused: ${refused.problem} ${refused.actual}`
  return [...fields.map(({ field, after }) => `${field} ${String(after)}`), note ?? ''].join('; ')
}

/** The scripts that would run. */
function scripts(current: EtcdMemberState, desired: EtcdMemberDesired): string {
  return resource
    .converge(current, desired)
    .map(step => ('run' in step ? step.run : 'write' in step ? String(step.content) : ''))
    .join('\n')
}

describe('an etcd member', () => {
  test('is created together with the others where there is nothing', async () => {
    expect(plan(see('unit=inactive'), none)).toContain('new cluster of e1, e2, e3')
    await expect(scripts(see('unit=inactive'), none)).toMatchFileSnapshot('../goldens/resources/etcd-create.sh')
  })

  test.each([
    ['a first start of evcctl that was cut off is taken away', true],
    ['another etcd, with its log in another folder, is left as it is', false],
  ])('data without a log of %s', async (_what, begun) => {
    const sandbox = new Sandbox()
    const [data, mark] = ['/var/lib/etcd/member/snap/db', '/var/lib/evcctl/etcd.creating'].map(path =>
      sandbox.inside(path),
    )
    for (const path of begun ? [data!, mark!] : [data!]) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, 'x')
    }
    const step = resource.converge(see('unit=inactive'), none).find(one => 'run' in one)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    const untilStart = step.run.slice(0, step.run.indexOf(': >/var/lib'))
    const { exitCode, stderr } = await sandbox.sh(`set -eu\n${untilStart}`)
    expect([exitCode, existsSync(data!)]).toEqual(begun ? [0, false] : [1, true])
    if (!begun) expect(stderr).toContain('it may be the data of another etcd')
  })

  test('is in desired state when it votes, or runs and nobody answers', () => {
    expect(plan(see('data=there', 'unit=active', 'asked=yes', 'answered=yes', line(1), line(2), line(3)), formed)).toBe(
      'in desired state',
    )
    expect(plan(see('data=there', 'unit=activating', 'asked=yes'), formed)).toBe('in desired state')
  })

  test('joins a running cluster as a learner, and says what the quorum is', async () => {
    const current = see('unit=inactive', 'asked=yes', 'answered=yes', line(1), line(2), alive(1), alive(2))
    expect(plan(current, formed)).toBe(
      'joins as a learner, then votes; 2 of 2 voting members answer, 2 needed → 3 of 3 voting members answer, 2 needed',
    )
    await expect(scripts(current, formed)).toMatchFileSnapshot('../goldens/resources/etcd-join.sh')
  })

  test('that lost its data joins again, when another member has taken out what it was', () => {
    const current = see('unit=inactive', 'asked=yes', 'answered=yes', line(1), line(2), line(3), alive(1), alive(2))
    expect(plan(current, formed)).toContain('joins as a learner, then votes')
    expect(scripts(current, formed)).not.toContain('member remove')
  })

  test('that was added and never started is only started', () => {
    const added = 'member=id3, unstarted, , https://192.0.2.33:2380, , true'
    const current = see('unit=inactive', 'asked=yes', 'answered=yes', line(1), line(2), added, alive(1), alive(2))
    expect(plan(current, formed)).toContain('joins as a learner, then votes')
    expect(scripts(current, formed)).not.toContain('member add')
    expect(scripts(current, formed)).not.toContain('member remove')
  })

  test('of a cluster that is still being created is started, and votes at once', () => {
    const unstarted = 'member=id3, unstarted, e3, https://192.0.2.33:2380, , false'
    const current = see('unit=inactive', 'asked=yes', 'answered=yes', line(1), line(2), unstarted, alive(1), alive(2))
    expect(plan(current, formed)).toBe('joins as a voting member; 2 of 3 voting members answer, 2 needed')
    expect(scripts(current, formed)).not.toContain('member add')
  })

  test('that is still a learner is promoted', () => {
    const current = see('data=there', 'unit=active', 'asked=yes', 'answered=yes', line(1), line(2), line(3, true))
    expect(plan(current, formed)).toContain('vote voting member')
    expect(scripts(current, formed)).toContain("member promote 'id3'")
  })

  test.each([
    ['a dead cluster', see('unit=inactive', 'asked=yes'), formed, 'The external etcd does not answer'],
    [
      'a lost quorum',
      see('unit=inactive', 'asked=yes', 'answered=yes', line(1), line(2), alive(1)),
      formed,
      'etcd has lost its quorum',
    ],
    [
      'data of a removed member',
      see('data=there', 'unit=active', 'asked=yes', 'answered=yes', line(1), line(2)),
      formed,
      'a member that etcd has removed',
    ],
    [
      'a new cluster without a host',
      see('unit=inactive'),
      { data: { e1: 'none', e3: 'none' } } as EtcdMemberDesired,
      'All hosts of a new etcd cluster',
    ],
  ])('refuses %s', (_what, current, desired, words) => {
    expect(plan(current, desired)).toContain(words)
  })
})
