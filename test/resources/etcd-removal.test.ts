import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type EtcdMemberState, parseMember } from '../../src/resources/etcd/member-state.ts'
import { type EtcdRemovalOf, etcdRemoval } from '../../src/resources/etcd/removal.ts'
import type { EtcdDataByHost } from '../../src/resources/etcd/wanted.ts'
import { Sandbox } from './sandbox.ts'

const host = (number: number) => ({
  name: `e${number}`,
  peerURL: `https://192.0.2.3${number}:2380`,
  clientURL: `https://192.0.2.3${number}:2379`,
})
const listed = (number: number, learner = false) =>
  `id${number}, started, e${number}, https://192.0.2.3${number}:2380, https://192.0.2.3${number}:2379, ${learner}`
const alive = (number: number) => `alive=https://192.0.2.3${number}:2379, id${number}, 3.6.8, 3.6.0, 20 kB`
const answered = (members: readonly string[], living: readonly number[]): EtcdMemberState =>
  parseMember({
    exitCode: 0,
    stdout: `data=there\nunit=active\nasked=yes\nanswered=yes\n${members.map(line => `member=${line}\n`).join('')}${living.map(number => `${alive(number)}\n`).join('')}`,
    stderr: '',
  })
const notFormed = (...numbers: readonly number[]): EtcdDataByHost =>
  Object.fromEntries(numbers.map(number => [`e${number}`, 'none']))
const formed = (...numbers: readonly number[]): EtcdDataByHost =>
  Object.fromEntries(numbers.map(number => [`e${number}`, 'formed']))

function removal(of: EtcdRemovalOf, wanted: readonly number[], data: EtcdDataByHost = formed(...wanted)) {
  return etcdRemoval({ of, name: `e${wanted[0]}`, members: wanted.map(host), data, allowEven: false })
}

/** What a plan says. */
function plan(current: EtcdMemberState, ...of: Parameters<typeof removal>): string {
  const resource = removal(...of)
  const change = resource.diff(current, { members: [] }, { watched: [] })
  if (change === undefined) return 'nothing'
  if (change.refused !== undefined) return `refused: ${change.refused.problem} ${change.refused.actual}`
  return change.fields.map(({ field, before, after }) => `${field}: ${before} → ${after}`).join('\n') || change.note!
}

const three = [listed(1), listed(2), listed(3)]
const four = [...three, listed(4)]

describe('members that leave an etcd', () => {
  test('none do where all are wanted, even when one is down', () => {
    for (const of of ['dead', 'former'] as const) {
      expect(plan(answered(three, [1, 2, 3]), of, [1, 2, 3])).toBe('nothing')
      expect(plan(answered(three, [1, 2]), of, [1, 2, 3])).toBe('nothing')
    }
  })

  test('are named before those have joined that take their place, with the quorum that will be', () => {
    const data = { ...formed(2, 3), ...notFormed(4) }
    const current = answered(three, [1, 2, 3])
    expect(plan(current, 'dead', [2, 3, 4], data)).toBe('nothing')
    expect(plan(current, 'former', [2, 3, 4], data)).toBe(
      'remove e1 (id1): it is not wanted any more: 4 of 4 voting members answer, 3 needed → 3 of 3 voting members answer, 2 needed',
    )
  })

  test('do not wait for others when five become three', () => {
    const five = [...four, listed(5)]
    expect(plan(answered(five, [1, 2, 3, 4, 5]), 'dead', [1, 2, 3])).toBe('nothing')
    expect(plan(answered(five, [1, 2, 3, 4, 5]), 'former', [1, 2, 3])).toBe(
      `remove e4 (id4): it is not wanted any more: 5 of 5 voting members answer, 3 needed → 4 of 4 voting members answer, 3 needed
remove e5 (id5): it is not wanted any more: 4 of 4 voting members answer, 3 needed → 3 of 3 voting members answer, 2 needed`,
    )
  })

  test('go first when they are dead: etcd adds nothing while a voting member is silent', () => {
    const data = { ...formed(1, 2), ...notFormed(4) }
    const current = answered(three, [1, 2])
    expect(plan(current, 'dead', [1, 2, 4], data)).toBe(
      'remove e3 (id3): it is not wanted any more and does not answer: 2 of 3 voting members answer, 2 needed → 2 of 2 voting members answer, 2 needed',
    )
    expect(plan(current, 'former', [1, 2, 4], data)).toBe('nothing')
  })

  test('go first when their data is gone, and join again', () => {
    expect(plan(answered(three, [1, 2]), 'dead', [1, 2, 3], { ...formed(1, 2), ...notFormed(3) })).toContain(
      'remove e3 (id3): its data is gone: it joins again as a new member',
    )
  })

  test('stay where the quorum would be lost, which is refused with the numbers', () => {
    const data = formed(1)
    const current = answered(three, [1, 2])
    expect(plan(current, 'former', [3], data)).toBe(
      'refused: etcd would lose its quorum: remove e1 (id1): it is not wanted any more. So these members, which are no longer in cluster.yaml, cannot be removed: e1 (id1), e2 (id2). 1 would answer',
    )
    // A member that is only stopped is started before.
    expect(plan(current, 'former', [3], formed(3))).toContain('remove e2 (id2)')
  })

  test('are never those that have joined in the same run and are silent for a moment', () => {
    // The facts are from before: there was no data on e4.
    const data = { ...formed(2, 3), ...notFormed(4) }
    const current = answered(four, [1, 2, 3])
    expect(plan(current, 'former', [2, 3, 4], data)).toContain('remove e1 (id1)')
    const scripts = JSON.stringify(removal('former', [2, 3, 4], data).converge(current, { members: [] }))
    expect(scripts).toContain("member remove 'id1'")
    expect(scripts).not.toContain("member remove 'id4'")
  })

  test('are said to be known later when nobody answers', () => {
    const silent = parseMember({ exitCode: 0, stdout: 'data=there\nunit=inactive\nasked=yes\n', stderr: '' })
    expect(plan(silent, 'dead', [1, 2, 3])).toBe('nothing')
    expect(plan(silent, 'former', [1, 2, 3])).toContain('are removed')
  })

  test('leave it to a person to clean their host, and say what is there', () => {
    const change = removal('former', [2, 3, 4]).diff(answered(four, [1, 2, 3, 4]), { members: [] }, { watched: [] })
    expect(change?.note).toContain('/etc/etcd stay, and the keys in it still open this etcd')
  })
})

/** An etcdctl that keeps its members in a file; `refusals` are what it says first to a removal. */
async function remove(wanted: readonly number[], planned: EtcdMemberState, real: readonly string[], refusals = '') {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-etcdctl-'))
  const at = (name: string) => join(folder, name)
  writeFileSync(at('members'), real.map(line => `${line}\n`).join(''))
  writeFileSync(at('refusals'), refusals)
  writeFileSync(
    at('etcdctl'),
    `#!/bin/sh
while [ "$1" != member ]; do shift; done
if [ "$2" = list ]; then cat ${at('members')}; exit; fi
said=$(head -n 1 ${at('refusals')})
if [ -n "$said" ]; then sed -i 1d ${at('refusals')}; echo "Error: $said" >&2; fi
case $said in ''|*'lost'*) sed -i "/^$3, /d" ${at('members')}; echo "$3" >>${at('removed')};; esac
[ -z "$said" ]
`,
    { mode: 0o755 },
  )
  execFileSync('touch', [at('removed')])
  const steps = removal('former', wanted)
    .converge(planned, { members: [] })
    .map(step => ('run' in step ? { run: step.run.replaceAll('/usr/local/bin/etcdctl', at('etcdctl')) } : step))
  const ended = await new Sandbox().run(steps)
  return { ...ended, removed: readFileSync(at('removed'), 'utf8').trim().split('\n').join(' ') }
}

describe('on the host', () => {
  const five = [...four, listed(5)]
  const all = answered(five, [1, 2, 3, 4, 5])

  test('exactly the planned members go, one after the other', async () => {
    expect(await remove([1, 2, 3], all, five)).toMatchObject({ exitCode: 0, removed: 'id4 id5' })
  })

  test('none goes when the members are not those any more that were planned for', async () => {
    for (const real of [four, [...five, listed(6)], [...five.slice(0, 4), listed(5, true)]]) {
      const ended = await remove([1, 2, 3], all, real)
      expect(ended).toMatchObject({ exitCode: 1, removed: '' })
      expect(ended.stderr).toContain('The members of etcd have changed since this was planned')
    }
  })

  test('what etcd refuses for now is tried again, and a lost answer is no failure', async () => {
    const refusals = 'etcdserver: unhealthy cluster\nthe answer was lost\n'
    expect(await remove([1, 2, 3], all, five, refusals)).toMatchObject({ exitCode: 0, removed: 'id4 id5' })
  })

  test('what etcd refuses for good ends it', async () => {
    const ended = await remove([1, 2, 3], all, five, 'etcdserver: permission denied\n')
    expect(ended).toMatchObject({ exitCode: 1, removed: '' })
    expect(ended.stderr).toContain('permission denied')
  })

  test('nothing is removed before its place is taken', async () => {
    const planned = answered(three, [1, 2, 3])
    const resource = removal('former', [2, 3, 4], { ...formed(2, 3), ...notFormed(4) })
    const ended = await new Sandbox().run(resource.converge(planned, { members: [] }))
    expect(ended).toMatchObject({ exitCode: 1 })
    expect(ended.stderr).toContain('Something else has to be done first: add e4 as a learner')
  })
})
