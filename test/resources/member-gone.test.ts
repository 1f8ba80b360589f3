import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { stackedMemberGone } from '../../src/resources/kubeadm/member-gone.ts'
import { type MemberGiven, memberList } from './member-list.ts'
import { runStep } from './run-step.ts'

interface Given extends MemberGiven {
  readonly silent?: boolean
}

const id = (host: number) => String(9_223_372_036_854_775_000n + BigInt(host))
const [cp1, cp2, cp3] = [1, 2, 3].map(host => ({ name: `cp${host}`, host })) as [Given, Given, Given]

/** What the probe prints; the first member that answers leads. */
function answer(...members: readonly Given[]): ProbeResult {
  const alive = members.filter(({ silent }) => silent !== true)
  const lines = alive.map(
    ({ host }) => `alive=${JSON.stringify({ header: { member_id: id(host) }, leader: id(alive[0]!.host) })}`,
  )
  return { exitCode: 0, stdout: `members=${memberList(members, id)}\n${lines.join('\n')}\n`, stderr: '' }
}

function resource(node = 'cp1', earlier: readonly string[] = [], putsBack = false) {
  const others = ['192.0.2.2', '192.0.2.3']
  return stackedMemberGone({ node, address: `192.0.2.${node.slice(2)}`, others, earlier, putsBack })
}

function diff(raw: ProbeResult, node?: string, earlier?: readonly string[]) {
  const one = resource(node, earlier)
  return one.diff(one.probe.parse(raw), { member: 'gone' }, { watched: [] })
}

describe('a plan', () => {
  test('shows the removal of a member with the quorum before and after it', () => {
    expect(diff(answer(cp1, cp2, cp3))).toEqual({
      action: 'delete',
      fields: [
        {
          field: 'remove cp1 (7ffffffffffffcd9): it is not wanted any more',
          before: '3 of 3 voting members answer, 2 needed',
          after: '2 of 2 voting members answer, 2 needed',
        },
      ],
      note: 'after the leadership has moved to another member',
    })
  })

  test('counts members that leave before as gone', () => {
    expect(diff(answer(cp1, cp2, cp3), 'cp2', ['cp1'])?.fields[0]?.after).toBe('1 of 1 voting member answers, 1 needed')
  })

  test('removes a member that is dead', () => {
    expect(diff(answer({ ...cp1, silent: true }, cp2, cp3))?.fields[0]?.before).toBe(
      '2 of 3 voting members answer, 2 needed',
    )
  })

  test('knows a member that never started by its address', () => {
    expect(diff(answer({ ...cp1, started: false, learner: true, silent: true }, cp2))?.action).toBe('delete')
  })

  test.each([
    [
      'the quorum would be lost',
      answer(cp1, cp2, { ...cp3, silent: true }),
      { expected: 'at least 2 of the 2 voting members that would be left answer', actual: '1 would answer' },
    ],
    [
      'the quorum is lost already',
      answer(cp1, { ...cp2, silent: true }, { ...cp3, silent: true }),
      { expected: 'at least 2 of 3 voting members answer', actual: '1; silent: cp2, cp3' },
    ],
    ['no member would be left', answer(cp1), { expected: 'at least one', actual: '0' }],
  ])('refuses the removal with the numbers where %s', (_what, raw, details) => {
    expect(diff(raw)?.refused).toMatchObject({
      ...details,
      problem: expect.stringContaining('So cp1 cannot be removed.'),
    })
  })

  test('refuses nothing yet where static pods come back before, and with them perhaps a member', () => {
    const one = resource('cp3', [], true)
    const raw = answer(cp1, { ...cp2, silent: true }, { ...cp3, silent: true })
    const change = one.diff(one.probe.parse(raw), { member: 'gone' }, { watched: [] })
    expect(change).toEqual({
      action: 'delete',
      fields: [],
      note: 'if the members have a quorum when the static pods are back that were cut off',
    })
    expect(diff(raw, 'cp3')?.refused).toBeDefined()
  })

  test('has nothing to do where the member is gone, and where there is no etcd', () => {
    expect(diff(answer(cp2, cp3))).toBeUndefined()
    expect(diff({ exitCode: 0, stdout: 'etcd=absent\n', stderr: '' })).toBeUndefined()
  })

  test('says that etcd does not answer', () => {
    const raw = { exitCode: 0, stdout: 'silent=https://192.0.2.2:2379: refused\n', stderr: '' }
    expect(diff(raw)?.note).toContain('so its members are not known: https://192.0.2.2:2379: refused')
  })
})

/**
 * An etcd of three members as curl meets it: its files are the list of members, and the leader. `silent` members do not
 * answer; `refuses` times it does not let a member go.
 */
function remove(given: {
  leader?: number
  silent?: readonly number[]
  refuses?: number
  now?: readonly MemberGiven[]
}) {
  const { leader = 1, silent = [], refuses = 0, now = [cp1, cp2, cp3] } = given
  const one = resource()
  const [step] = one.converge(one.probe.parse(answer(cp1, cp2, cp3)), { member: 'gone' })
  const lists = (members: readonly MemberGiven[]) => `printf '%s' '${memberList(members, id)}'`
  const curl = `for last; do :; done
while [ $# -gt 1 ]; do if [ "$1" = --data ]; then data=$2; fi; shift; done
[ -e leader ] || echo ${id(leader)} >leader
case $last in ${[...silent.map(host => `https://192.0.2.${host}:*`), 'nobody'].join('|')}) echo refused; exit 7 ;; esac
case $last in
  */member/list) if [ -e gone ]; then ${lists(now.filter(({ name }) => name !== 'cp1'))}; else ${lists(now)}; fi ;;
  */status) printf '{"header":{"member_id":"1"},"leader":"%s"}' "$(cat leader)" ;;
  */transfer-leadership) echo "$last $data" >>log; echo ${id(2)} >leader ;;
  */member/remove)
    echo "$last $data" >>log
    tries=$(cat tries 2>/dev/null || echo 0); echo $(( tries + 1 )) >tries
    if [ "$tries" -lt ${refuses} ]; then echo 'unhealthy cluster'; exit 22; fi
    : >gone ;;
esac`
  const date = 'now=$(cat clock 2>/dev/null || echo 1000); echo $(( now + 2 )) >clock; echo "$now"'
  return runStep(step, { curl, date })
}

describe('the removal', () => {
  test('moves the leadership first, and then removes the member by its ID through one that stays', () => {
    const { status, log, stderr } = remove({})
    expect([status, stderr]).toEqual([0, ''])
    expect(log).toEqual([
      `https://192.0.2.1:2379/v3/maintenance/transfer-leadership {"targetID":"${id(2)}"}`,
      `https://192.0.2.2:2379/v3/cluster/member/remove {"ID":"${id(1)}"}`,
    ])
  })

  test('leaves the leadership where another member has it, and waits until etcd lets the member go', () => {
    const { status, log } = remove({ leader: 3, refuses: 2 })
    expect(status).toBe(0)
    expect(log).toHaveLength(3)
    expect(log.join()).not.toContain('transfer')
  })

  test('is not done where a member has fallen silent since the plan, with the numbers', () => {
    const { status, log, stderr } = remove({ leader: 2, silent: [3] })
    expect([status, log]).toEqual([1, []])
    expect(stderr).toContain('1 of 2 members that would be left answer, 2 needed')
  })

  test('is not done where the members have changed since the plan', () => {
    const { status, log, stderr } = remove({ leader: 2, now: [cp1, cp2, cp3, { name: 'cp4', host: 4 }] })
    expect([status, log]).toEqual([1, []])
    expect(stderr).toContain('The members of etcd have changed since this was planned, so nothing was removed.')
  })

  test('is done where somebody else has removed the member meanwhile', () => {
    expect(remove({ leader: 2, now: [cp2, cp3] })).toMatchObject({ status: 0, log: [] })
  })
})
