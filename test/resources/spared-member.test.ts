import { expect, test } from 'vitest'
import { explainNotSpared, sparedFunction } from '../../src/resources/kubeadm/spared-member.ts'
import { type MemberGiven, memberList } from './member-list.ts'
import { runStep } from './run-step.ts'

interface Given extends MemberGiven {
  /** How often it does not answer before it does; default 0. */
  readonly silentTimes?: number
}

/** Runs `spared` on cp1. `own`: whether its own member answers. */
function stop(members: readonly Given[], own = true) {
  const silent = members.map(
    ({ host, silentTimes = 0 }) => `https://192.0.2.${host}:*)
    tries=$(cat tries-${host} 2>/dev/null || echo 0); echo $(( tries + 1 )) >tries-${host}
    [ "$tries" -ge ${silentTimes} ] || { echo refused; exit 7; } ;;`,
  )
  const curl = `for last; do :; done
case $last in
  https://127.0.0.1:*) ${own ? ':' : 'echo refused; exit 7'} ;;
  ${silent.join('\n  ')}
esac
case $last in
  */member/list) printf '%s' '${memberList(members, String)}' ;;
  */maintenance/status) printf '{"header":{"cluster_id":"1","member_id":"1"},"version":"3.6.5"}' ;;
  */kv/range) printf '{"header":{}}' ;;
  *) exit 22 ;;
esac`
  const date = 'now=$(cat clock 2>/dev/null || echo 1000); echo $(( now + 10 )) >clock; echo "$now"'
  return runStep({ run: `process_of() { echo 7; }\n${sparedFunction}spared\necho stopped` }, { curl, date })
}

const cp1 = { name: 'cp1', host: 1 }
const cp2 = { name: 'cp2', host: 2 }
const cp3 = { name: 'cp3', host: 3 }
const silentTimes = 1000

test.each([
  ['all others answer', [cp1, cp2, cp3]],
  ['it is alone', [cp1]],
  ['there are two', [cp1, cp2]],
  ['there are two, and the other one does not answer', [cp1, { ...cp2, silentTimes: 1000 }]],
  ['one of five does not answer', [cp1, cp2, cp3, { name: 'cp4', host: 4 }, { name: 'cp5', host: 5, silentTimes }]],
  ['a learner does not answer', [cp1, cp2, cp3, { name: 'cp4', host: 4, learner: true, silentTimes }]],
])('a member is stopped at once where %s', (_what, members) => {
  expect(stop(members)).toMatchObject({ status: 0, stdout: 'stopped\n', stderr: '' })
})

test('it waits for one that has just been started', () => {
  const { status, stdout } = stop([cp1, cp2, { ...cp3, silentTimes: 3 }])
  expect(status).toBe(0)
  expect(stdout.split('\n')).toEqual([
    ...Array.from({ length: 3 }, () => 'waiting before etcd is stopped for a moment: cp3 does not answer'),
    'stopped',
    '',
  ])
})

test.each([
  ['one of three does not answer', [cp1, cp2, { ...cp3, silentTimes }], 'cp3'],
  ['two of three do not', [cp1, { ...cp2, silentTimes }, { ...cp3, silentTimes }], 'cp2, cp3'],
  ['one was added and has never started', [cp1, cp2, { ...cp3, started: false }], '3'],
])('it is not stopped, and the error has the names, where %s', (_what, members, names) => {
  const { status, stdout, stderr } = stop(members)
  expect(status).toBe(1)
  expect(stdout).not.toContain('stopped\n')
  expect(explainNotSpared(stderr)).toMatchObject({ actual: `no answer from ${names}` })
})

test('one that does not answer has nothing to lose', () => {
  expect(stop([cp1, { ...cp2, silentTimes }, { ...cp3, silentTimes }], false)).toMatchObject({ status: 0 })
})

test('other failures are not explained by it', () => {
  expect(explainNotSpared('etcd does not come up with its new arguments')).toBeUndefined()
})
