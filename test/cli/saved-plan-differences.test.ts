import { expect, test } from 'vitest'
import { movedInFiles, movedOnHosts } from '../../src/cli/saved-plan/differences.ts'
import { planHeader, planToSave } from '../../src/cli/saved-plan/make.ts'
import type { SavedPlan } from '../../src/cli/saved-plan/saved-plan.ts'
import { HostError } from '../../src/core/errors.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import { Secret } from '../../src/core/secret.ts'
import { type Evaluation, evaluate } from '../../src/engine/evaluate.ts'
import { entry, FakePool, fakeHosts, fakeRun, unit } from '../engine/fake.ts'
import { specOf } from '../playbooks/given.ts'

const spec = specOf({
  hosts: [
    { name: 'cp', address: '192.0.2.1', roles: ['control-plane'] },
    { name: 'w', address: '192.0.2.2', roles: ['worker'] },
  ],
})
const source = {
  spec,
  file: '/lab/cluster.yaml',
  operation: { name: 'cluster', options: {} },
  files: new Map([['/lab/cluster.yaml', 'aa']]),
  version: '1.0.0',
  madeAt: new Date(0),
}

interface Lab {
  readonly wanted?: string
  readonly password?: Secret
}

/** A control plane with a certificate, and a worker that has its hash, a file and a unit that watches the file. */
function labOf({ wanted = 'new', password = new Secret('hunter22', 'password') }: Lab) {
  const builder = new GraphBuilder()
  const ca = builder.scope('cp', 'pki').add(entry('ca', 'hash'))
  const worker = builder.scope('w', 'node')
  const file = worker.add(entry('file', wanted))
  worker.add(unit('service', ['file']), { watch: [file] })
  worker.add(entry('ca-hash', ca.output))
  const secret = entry('login', 'x')
  worker.add({ ...secret, desired: { ...secret.desired, password } as typeof secret.desired })
  return builder.build()
}

type Hosts = Readonly<Record<string, Readonly<Record<string, string>>>>

const hosts: Hosts = {
  cp: { ca: 'hash' },
  w: { file: 'old', 'stamp-service': 'file:old', 'ca-hash': 'hash', login: 'x' },
}

async function saved(found: Hosts = hosts, lab: Lab = {}, change: (evaluation: Evaluation) => Evaluation = it => it) {
  const evaluation = await evaluate(labOf(lab), fakeRun(new FakePool(fakeHosts(found))))
  // As if it was written to a file and read again.
  return JSON.parse(JSON.stringify(planToSave(change(evaluation), source))) as SavedPlan
}

const moved = async (found: Hosts, lab?: Lab, change?: (evaluation: Evaluation) => Evaluation) =>
  (await movedOnHosts(await saved(), await saved(found, lab, change))).map(({ where, expected, actual }) => [
    where,
    expected,
    actual,
  ])

test('two evaluations of the same hosts have no difference', async () => {
  expect(await moved(hosts)).toEqual([])
  const plan = await saved()
  expect(movedInFiles(plan, await saved())).toEqual([])
  expect(plan.tasks['w/entry:file']).toMatchObject({
    is: 'change',
    title: 'entry file',
    change: { action: 'update', fields: [{ field: 'value', before: 'old', after: 'new' }] },
  })
})

test('a host that has what the plan would change already is a difference: the plan was done, or somebody was quicker', async () => {
  const done = { ...hosts, w: { ...hosts.w, file: 'new', 'stamp-service': 'file:new' } }
  expect(await moved(done)).toEqual([
    ['w entry file', 'update\nvalue: old → new', 'in desired state'],
    ['w unit service', 'restart\nbecause of entry file', 'in desired state'],
  ])
})

test('another value before the change is a difference, since somebody may count on it', async () => {
  const other = { ...hosts, w: { ...hosts.w, file: 'edited', 'stamp-service': 'file:edited' } }
  expect((await moved(other))[0]).toEqual(['w entry file', 'update\nvalue: old → new', 'update\nvalue: edited → new'])
})

test('a state that moved is told even where the plan would do the same', async () => {
  const other = { ...hosts, w: { ...hosts.w, 'stamp-service': 'file:older' } }
  expect(await moved(other)).toEqual([['w unit service', 'the host as it was read: stamp', 'something else there']])
})

test('a field that changes by itself does not count', async () => {
  const clocks = async (now: string) => {
    const builder = new GraphBuilder()
    builder.scope('w', 'pki').add({ ...unit('service', ['file']), volatile: ['now'] })
    const evaluation = await evaluate(builder.build(), fakeRun(new FakePool(fakeHosts({ w: { file: now } }))))
    return planToSave(evaluation, source)
  }
  expect(movedOnHosts(await clocks('1'), await clocks('2'))).toEqual([])
})

test('a task that wants something else is told', async () => {
  expect(await moved(hosts, { wanted: 'newer' })).toEqual([
    ['w entry file', 'update\nvalue: old → new', 'update\nvalue: old → newer'],
  ])
})

test('a host that does not answer any more, or answers again, is told once, without its tasks', async () => {
  const silent = (evaluation: Evaluation): Evaluation => {
    const error = new HostError('w', 'unreachable', { where: 'w', problem: 'it is off' })
    const tasks = new Map([...evaluation.graph.tasks].filter(([, { host }]) => host !== 'w'))
    const verdicts = new Map([...evaluation.plan.verdicts].filter(([id]) => tasks.has(id)))
    return {
      ...evaluation,
      graph: { ...evaluation.graph, tasks, edges: [] },
      plan: { verdicts },
      unreachable: new Map([['w', error]]),
    }
  }
  expect(await moved(hosts, {}, silent)).toEqual([['w', 'it answers', 'left out (unreachable)']])
  expect(movedOnHosts(await saved(hosts, {}, silent), await saved())).toMatchObject([
    { where: 'w', expected: 'left out (unreachable)', actual: 'it answers' },
  ])
})

test('nothing of a Secret is in a saved plan, nor does another value of it count', async () => {
  expect(JSON.stringify(await saved())).not.toContain('hunter22')
  expect(await moved(hosts, { password: new Secret('another-one', 'password') })).toEqual([])
})

test('the same tasks in another order are a difference', async () => {
  const reversed = (evaluation: Evaluation): Evaluation => ({
    ...evaluation,
    graph: { ...evaluation.graph, edges: [] },
  })
  expect(await moved(hosts, {}, reversed)).toEqual([
    ['the order of the tasks', 'as it was when the plan was made', 'another one'],
  ])
})

test('a changed key is named with both values, and the file itself only where no key says more', async () => {
  const plan = await saved()
  const other = specOf({
    kubernetes: { version: '1.35.8' },
    hosts: spec.hosts.map(({ name, address, roles }) => ({ name, address, roles })),
  })
  const now = planToSave(
    {
      graph: { tasks: new Map(), edges: [], ephemerals: new Map() },
      plan: { verdicts: new Map() },
      snapshots: new Map(),
      errors: new Map(),
      refused: new Set(),
      unreachable: new Map(),
    },
    { ...source, spec: other, files: new Map([['/lab/cluster.yaml', 'bb']]) },
  )
  expect(movedInFiles(plan, now)).toContainEqual(
    expect.objectContaining({
      where: '/lab/cluster.yaml spec.kubernetes.version',
      expected: '1.36.4',
      actual: '1.35.8',
    }),
  )
  expect(movedInFiles(plan, now).some(({ where }) => where === '/lab/cluster.yaml')).toBe(false)
  expect(movedInFiles(plan, { ...plan, files: { '/lab/cluster.yaml': 'bb', '/lab/sums': 'cc' } })).toMatchObject([
    { where: '/lab/cluster.yaml', expected: 'sha256 aa', actual: 'sha256 bb' },
    { where: '/lab/sums', expected: 'not read', actual: 'sha256 cc' },
  ])
})

test('a download of the catalog that is another one, or gone, is named', async () => {
  const plan = await saved()
  const { 'runc 1.4.3': _, ...rest } = plan.catalog
  expect(movedInFiles(plan, { ...plan, catalog: { ...rest, 'kubelet 1.36.4': 'ffff' } })).toMatchObject([
    { where: 'catalog: kubelet 1.36.4', actual: 'downloads with the digest ffff' },
    { where: 'catalog: runc 1.4.3', actual: 'not in the catalog' },
  ])
})

test('credentials that stand in the cluster file itself are in no saved plan, and in no refusal', () => {
  const header = (password: string) => {
    const mirror = `https://robot:${password}@mirror.example/x`
    const given = specOf({
      artifacts: { mirror },
      images: { archives: [{ url: `${mirror}/a.tar`, sha256: 'a'.repeat(64) }] },
      runtime: { configPatches: [{ plugins: { a: { password, headers: { Authorization: [`Basic ${password}`] } } } }] },
      kubernetes: {
        clusterConfiguration: {
          apiServer: {
            extraEnvs: [{ name: 'AWS_SECRET_ACCESS_KEY', value: password }],
            extraArgs: [{ name: 'oidc-client-secret', value: password }],
          },
        },
      },
    })
    return planHeader({ ...source, spec: given, files: new Map([['/lab/cluster.yaml', password]]) })
  }
  const [one, other] = [header('hunter2secret'), header('other3secret')]
  const { keys } = one
  expect(Object.values(keys).filter(text => text.includes('<hidden>'))).toHaveLength(6)
  const told = JSON.stringify([keys, movedInFiles({ ...one, files: {} }, { ...other, files: {} })])
  expect(told).not.toMatch(/hunter2|other3/)
  expect(movedInFiles(one, other).map(({ where }) => where)).toEqual(['/lab/cluster.yaml'])
})
