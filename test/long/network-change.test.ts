import { afterAll, beforeAll, expect, test } from 'vitest'
import { exitCodes } from '../../src/core/index.ts'
import { startCluster, type TestCluster } from '../kubernetes/kit/cluster.ts'
import { editClusterFile } from '../kubernetes/kit/edit-cluster-file.ts'
import { evcctl, failuresOf, type Outcome, startEvcctl } from '../kubernetes/kit/evcctl.ts'

let cluster: TestCluster
const run = (...args: string[]): Promise<Outcome> => evcctl(args, cluster.env)
const applying = () => ['apply', cluster.file, '--yes', '--output', 'json']

beforeAll(async () => {
  // Docker drops what travels in an internal network with other addresses than its own: all packets of pods by host-gw.
  cluster = await startCluster({ hosts: '1+2', internal: false })
  const outcome = await run(...applying())
  expect([outcome.exitCode, failuresOf(outcome)]).toEqual([0, []])
})
afterAll(() => cluster?.[Symbol.asyncDispose]())

test('a change of flannel that is killed while a node is off is in the next plan, and apply gets it to all others, and to that one when it is back', {
  timeout: 900_000,
}, async () => {
  await editClusterFile(cluster.file, document => document.setIn(['spec', 'network', 'flannel', 'backend'], 'host-gw'))
  await cluster.hosts.kill('w2')
  const running = startEvcctl(applying(), cluster.env)
  await running.event(event => event.type === 'task:start' && event.title === 'rollout of flannel')
  running.child.kill('SIGKILL')
  await running.ended
  expect((await run('plan', cluster.file)).stdout).toMatch(/not ended: [0-2] of 3 nodes have what is new/)
  const applied = await run(...applying())
  expect(applied.exitCode).toBe(exitCodes.unreachable)
  const status =
    '-o=jsonpath={.status.desiredNumberScheduled} {.status.updatedNumberScheduled} {.status.numberAvailable}'
  expect(await cluster.kubectl('-n', 'kube-flannel', 'get', 'daemonset', 'kube-flannel-ds', status)).toBe('3 2 2')
  expect((await run('plan', cluster.file)).stdout).not.toContain('rollout of flannel')
  await cluster.hosts.start('w2')
  const again = await run(...applying())
  expect(failuresOf(again)).toEqual([])
  expect((await run('plan', cluster.file, '--exit-code')).stdout).toContain('No changes.')
})
