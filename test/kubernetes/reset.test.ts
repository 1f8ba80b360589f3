import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ssh } from '../hosts/kit/ssh.ts'
import { startCluster, type TestCluster } from './kit/cluster.ts'
import { evcctl, failuresOf, startEvcctl } from './kit/evcctl.ts'
import { type HostsBefore, recordHosts } from './kit/reset-steps.ts'

let cluster: TestCluster
let before: HostsBefore

async function expectApplied(): Promise<void> {
  const outcome = await evcctl(['apply', cluster.file, '--yes', '--output', 'json'], { ...cluster.env })
  expect([outcome.exitCode, failuresOf(outcome), outcome.stderr]).toEqual([0, [], ''])
}

beforeAll(async () => {
  cluster = await startCluster({ hosts: '1+1' })
  before = await recordHosts(cluster.hosts, ['cp1', 'w1'])
})

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]()
})

describe.sequential('a cluster that is taken apart', () => {
  test('is made', async () => {
    await expectApplied()
    expect((await before.strange('w1')).length).toBeGreaterThan(50)
  })

  test('loses a host, which is as it was before', async () => {
    await before.expectReset(cluster, ['w1'])
    expect(await before.strange('w1')).toEqual([])
    expect(await ssh(cluster.hosts, 'w1', 'echo well')).toBe('well')
    expect(await cluster.kubectl('get', 'nodes', '--output', 'name')).toBe('node/cp1\n')
  })

  test('goes as a whole, also after a run that was killed, and every host is as it was before', async () => {
    const killed = startEvcctl(
      ['reset', cluster.file, '--all', '--yes', cluster.hosts.name, '--output', 'json'],
      cluster.env,
    )
    await killed.event(event => event.type === 'task:start' && event.title.includes('containerd'))
    killed.child.kill('SIGKILL')
    await killed.ended
    await before.expectReset(cluster, ['--all'])
    for (const name of ['cp1', 'w1']) expect([name, await before.strange(name)]).toEqual([name, []])
  })

  test('can be made again on the same hosts', async () => {
    await expectApplied()
    const plan = await evcctl(['plan', cluster.file], { ...cluster.env })
    expect(plan.stdout).toContain('No changes.')
  })
})
