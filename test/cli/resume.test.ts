import { expect, test } from 'vitest'
import { resumed, resumeText } from '../../src/cli/run/resume.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import type { UnfinishedRun } from '../../src/engine/index.ts'
import { entry, FakePool, fakeHosts, fakeRun } from '../engine/fake.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

const keys = ['a', 'b', 'c', 'd', 'e']
const id = (key: string) => `w1/entry:${key}` as TaskId

/** An evaluation of a host that has these of its values already. */
function hostWith(...done: readonly string[]) {
  const builder = new GraphBuilder()
  for (const key of keys) builder.scope('w1', 'r').add(entry(key, 'x'))
  const values = Object.fromEntries(done.map(key => [key, 'x']))
  return evaluate(builder.build(), fakeRun(new FakePool(fakeHosts({ w1: values }))))
}

const run: UnfinishedRun = {
  run: '2026-11-29T10-15-03-lab',
  ended: 'killed',
  fileSha256: 'aa',
  proven: [id('a'), id('b')],
  unproven: [id('c'), id('d')],
  notBegun: [id('e')],
}

test('what is left is found out on the hosts, not in the journal', async () => {
  const evaluation = await hostWith('a', 'c')
  const found = resumed(run, evaluation, 'aa')
  expect(found).toMatchObject({ differAgain: [id('b')], doneAfterAll: [id('c')], left: 3, fileChanged: false })
  expect(resumeText(found, evaluation, 'lab.yaml')).toBe(`The run 2026-11-29T10-15-03-lab was cut off.
  proven      2 tasks: done, and verified on their hosts
              1 of them differ again now:
                w1  entry b
  not proven  2 tasks: begun, and failed or not heard of again
              1 of them are done after all:
                w1  entry c
              1 of them are to be done again:
                w1  entry d
  not begun   1 task
  left now    3 tasks, which the plan shows`)
})

test('a cluster file that has changed since is told, and nothing left is nothing', async () => {
  const evaluation = await hostWith(...keys)
  const text = resumeText(resumed(run, evaluation, 'bb'), evaluation, 'lab.yaml')
  expect(text).toContain('lab.yaml has changed since then')
  expect(text).toMatch(/left now {4}nothing$/)
})

test('tasks that are in no graph any more are named by their id, and many are counted', async () => {
  const many = Array.from({ length: 15 }, (_, index) => `gone/entry:${index}` as TaskId)
  const text = resumeText(resumed({ ...run, unproven: many }, await hostWith(), 'aa'), await hostWith(), 'lab.yaml')
  expect(text).toContain('gone/entry:0\n')
  expect(text).toContain('and 5 more')
})

test('a saved plan cannot be gone on with, and what can is named', async () => {
  await using folder = await temporaryFolder()
  const { writePlan } = await import('../../src/cli/saved-plan/file.ts')
  const { version } = await import('../../src/cli/version.ts')
  await writePlan(`${folder.path}/lab.plan`, {
    apiVersion: 'evcctl.dev/v1alpha1',
    kind: 'SavedPlan',
    version: version(),
    madeAt: new Date(0).toISOString(),
    cluster: 'lab',
    file: '/lab/lab.yaml',
    operation: { name: 'cluster', options: {} },
    files: {},
    keys: {},
    catalog: {},
    hosts: {},
    order: '',
    tasks: {},
  })
  const { exitCode, stderr } = await callCli(['apply', 'lab.plan', '--resume', '--yes'], folder.path)
  expect(exitCode).toBe(3)
  expect(stderr).toContain('evcctl apply /lab/lab.yaml --resume')
})
