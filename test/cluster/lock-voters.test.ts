import { expect, test } from 'vitest'
import { lockVoters } from '../../src/cluster/index.ts'
import type { HostSpec } from '../../src/index.ts'

function hosts(...names: readonly string[]): HostSpec[] {
  const roles = { c: 'control-plane', w: 'worker', e: 'etcd' } as const
  return names.map(name => ({ name, roles: [roles[name[0] as 'c' | 'w' | 'e']] }) as unknown as HostSpec)
}

test.each([
  ['one control plane node keeps it alone', ['w1', 'c1', 'w2'], ['c1']],
  ['three keep it together', ['c1', 'c2', 'c3', 'w1'], ['c1', 'c2', 'c3']],
  ['two need a third host, so that one of them may be off', ['w1', 'c1', 'c2', 'e1'], ['c1', 'c2', 'w1']],
  ['two with no other host keep it both', ['c1', 'c2'], ['c1', 'c2']],
])('of the hosts that keep the run lock, %s', (_, names, voters) => {
  expect(lockVoters({ hosts: hosts(...names) })).toEqual(voters)
})
