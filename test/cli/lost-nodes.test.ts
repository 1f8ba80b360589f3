import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { factsText } from '../facts/text.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

afterEach(() => vi.unstubAllEnvs())

const connected = { type: 'host:connected', host: 'w1', ms: 1 }
const started = { type: 'task:start', host: 'w1', task: 'w1/file:x', role: 'kubelet', title: 'x' }
const ended = {
  type: 'task:end',
  host: 'w1',
  task: 'w1/file:x',
  role: 'kubelet',
  title: 'x',
  result: 'changed',
  ms: 1,
}
const queued = { type: 'task:queued', host: 'w1', task: 'w1/sysctls:x', role: 'os', title: 'x' }
const cancelled = { ...ended, result: 'cancelled', ms: 0 }
const unanswered = { ...ended, result: 'failed', ms: 0, error: { problem: 'no answer' } }
const refusing = { ...ended, result: 'failed', ms: 7, error: { problem: 'exit 1' } }
const failed = { type: 'host:failed', host: 'w1', error: { problem: 'lost' } }

const exchange = { type: 'exchange', host: 'w1', jobs: 0, probes: 1, ms: 1 }
const ready = { type: 'plan:ready', toChange: 0, unknown: 0, inDesiredState: 9 }
/** A run that has read w1 as all other hosts. */
const read = [connected, exchange, exchange, ready]

interface More {
  /** w1 answers for its facts, and then no more. */
  readonly half?: boolean
  /** What plans after these runs told. */
  readonly plans?: readonly (readonly object[])[]
  /** What became of each journal since. */
  readonly damage?: (text: string) => string
}

const loginAt = ({ identityFile, knownHostsFile }: Readonly<Record<'identityFile' | 'knownHostsFile', string>>) =>
  `user: root, agent: false, identityFile: ${identityFile}, knownHosts: {file: ${knownHostsFile}, policy: accept-new}`

/** Plans cp1 and w1, both nodes already, of which w1 does not answer; each run before it told these events. */
async function planAfter(
  runs: readonly (readonly object[])[],
  nodes: readonly string[] | 'silent' = ['cp1', 'w1'],
  more: More = {},
) {
  await using folder = await temporaryFolder()
  await using stack = new AsyncDisposableStack()
  vi.stubEnv('XDG_STATE_HOME', folder.path)
  let time = 1_700_000_000_000
  const journal = (kind: 'runs' | 'plans', index: number, events: readonly object[]) => {
    const at = join(folder.path, `evcctl/${kind}/2026-11-28T10-15-${String(index).padStart(2, '0')}-lab`)
    mkdirSync(at, { recursive: true })
    const start = { type: 'run:start', run: 'x', command: 'apply', cluster: 'lab', hosts: ['cp1', 'w1'] }
    const text = [start, ...events].map(event => `${JSON.stringify({ at: ++time, ...event })}\n`).join('')
    const path = join(at, 'events.ndjson')
    writeFileSync(path, more.damage?.(text) ?? text)
    utimesSync(path, 1_800_000_000, 1_800_000_000 + index)
  }
  for (const [index, events] of runs.entries()) journal('runs', index, events)
  for (const [index, events] of (more.plans ?? []).entries()) journal('plans', runs.length + index, events)
  const given = { name: 'cp1', address: '192.0.2.11', kubernetes: ['kubelet.conf', 'admin.conf', 'control-plane'] }
  const facts = factsText({ ...given, clock: Date.now() / 1000 })
  const listing = nodes === 'silent' ? '' : nodesAnswered(...nodes.map(name => ({ metadata: { name } }))).stdout
  const server = stack.use(
    await startServer({ answer: answering(facts, 'says nothing is there', { '/api/v1/nodes': listing }) }),
  )
  let w1 = 'port: 1, user: root'
  if (more.half === true) {
    const known = { name: 'w1', address: '192.0.2.21', kubernetes: ['kubelet.conf'], clock: Date.now() / 1000 }
    const half = stack.use(await startServer({ answer: answering(factsText(known), 'ends the connection') }))
    w1 = `port: ${half.port}, ${loginAt(half)}`
  }
  const lines = [
    'apiVersion: evcctl.dev/v1alpha1',
    'kind: Cluster',
    'metadata: {name: lab}',
    'spec:',
    '  hosts:',
    `    - {name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.11, roles: [control-plane], ssh: {port: ${server.port}, ${loginAt(server)}}}`,
    `    - {name: w1, address: 127.0.0.1, privateAddress: 192.0.2.21, roles: [worker], ssh: {${w1}}}`,
  ]
  writeFileSync(join(folder.path, 'cluster.yaml'), `${lines.join('\n')}\n`)
  const { stdout } = await callCli(['plan', '--output', 'json'], folder.path)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Readonly<
    Record<'errors' | 'unreachable', readonly object[]>
  >
}

const refused = expect.objectContaining({
  error: expect.objectContaining({
    problem: expect.stringContaining('w1 is a host that fell silent while a run wrote to it'),
    actual: expect.stringMatching(/^w1 .* 2026-11-28T10-15-0\d-lab$/),
    next: expect.stringContaining('take it out of cluster.yaml'),
  }),
})

test.each([
  ['given up after something was written to it', [[connected, started, ended, failed]]],
  ['being written to when the run was killed', [[connected, started]]],
  ['sent something of which it never told that it began', [[connected, queued, failed]]],
  ['being written to when the run was stopped', [[connected, started, cancelled]]],
  ['silent for too long when it was written to', [[connected, started, unanswered]]],
  [
    'reached again for a moment only',
    [
      [connected, started, failed],
      [connected, failed],
    ],
  ],
  [
    'reached again by a run that was stopped while it read',
    [
      [connected, started, failed],
      [connected, exchange],
    ],
  ],
  [
    'reached before that by a run that ended after that',
    [[connected, started, failed], read.map(event => ({ at: 5, ...event }))],
  ],
  ['not reached again by the runs after that', [[connected, started, failed], [failed], [failed]]],
])('running nodes stay as they are while another one is silent that was %s', async (_what, runs) => {
  expect((await planAfter(runs)).errors).toContainEqual(refused)
})

test.each([
  ['was well when the last run ended', [[connected, started, ended]]],
  ['told that a step has failed', [[connected, started, refusing]]],
  ['was reached again afterwards', [[connected, started, failed], read]],
  ['was lost before anything was written to it', [[connected, failed]]],
  ['came back in the same run', [[connected, started, failed, connected, ended]]],
  ['no run has ever seen', []],
])('a silent node that %s holds up nobody', async (_what, runs) => {
  expect((await planAfter(runs)).errors).not.toContainEqual(refused)
})

test('nor does a host that was about to become a node', async () => {
  expect((await planAfter([[connected, started, failed]], ['cp1'])).errors).not.toContainEqual(refused)
})

test('a loss is not forgotten by many plans that did not reach the host, and is by one that did', async () => {
  const plans = Array.from({ length: 40 }, () => [failed])
  expect((await planAfter([[connected, started, failed]], undefined, { plans })).errors).toContainEqual(refused)
  const reached = { plans: [[failed], read] }
  const seenOnly = { plans: [[connected, failed], [failed]] }
  expect((await planAfter([[connected, started, failed]], undefined, seenOnly)).errors).toContainEqual(refused)
  expect((await planAfter([[connected, started, failed]], undefined, reached)).errors).not.toContainEqual(refused)
})

test.each<[string, (text: string) => string]>([
  ['ends in the middle of a line', text => `${text}{"at":1,"type":"task:end","host":"w1","more":{"a":1}`],
  ['has zeros in it', text => `${text.slice(0, -1)}\n${'\0'.repeat(5000)}\n`],
  [
    'is long',
    text => text.replace('\n', `\n${`{"type":"task:output","text":"${'x'.repeat(1000)}"}\n`.repeat(70_000)}`),
  ],
])('a loss is known from a journal that %s', async (_what, damage) => {
  expect((await planAfter([[connected, started]], undefined, { damage })).errors).toContainEqual(refused)
})

test('what was pending when a run was killed was pending until then, whoever read the host in between', async () => {
  const at = (time: number) => (event: object) => ({ at: time, ...event })
  const killed = [...[connected, started].map(at(20)), at(300)({ ...connected, host: 'cp1' })]
  const between = { plans: [read.map(at(60))] }
  expect((await planAfter([killed], undefined, between)).errors).toContainEqual(refused)
})

test('where the API server does not say what nodes there are, each host may be one', async () => {
  expect((await planAfter([[connected, started, failed]], 'silent')).errors).toContainEqual(refused)
})

test('a node that answers for its facts and then no more is as silent as any', async () => {
  const { errors, unreachable } = await planAfter([[connected, started, failed]], undefined, { half: true })
  expect(unreachable).toMatchObject([{ host: 'w1', error: { problem: expect.stringContaining('was lost') } }])
  expect(errors).toContainEqual(refused)
})

test('a host that the same run has changed in the same, and that is well, may change: what is new can be taken back there', async () => {
  const changedOn = (host: string, thing: string) => {
    const task = `${host}/${thing}`
    return [
      { type: 'host:connected', host, ms: 1 },
      { ...started, host, task },
      { ...ended, host, task },
    ]
  }
  const lost = [connected, started, failed]
  expect((await planAfter([[...changedOn('cp1', 'file:x'), ...lost]])).errors).not.toContainEqual(refused)
  expect((await planAfter([[...changedOn('cp2', 'file:x'), ...lost]])).errors).toContainEqual(refused)
  // The firewalls change everywhere, also on hosts that never got what the lost one has.
  expect((await planAfter([[...changedOn('cp1', 'firewall:x'), ...lost]])).errors).toContainEqual(refused)
})

test('a static pod that the same run has made on another control plane node may be made again there', async () => {
  const configured = (host: string, role: string) => ({ host, task: `${host}/kubeadm configuration:node`, role })
  const first = configured('cp1', 'control-plane')
  const run = [
    { type: 'host:connected', host: 'cp1', ms: 1 },
    { ...started, ...first },
    { ...ended, ...first },
    connected,
    { ...started, ...configured('w1', 'control-plane-join') },
    failed,
  ]
  expect((await planAfter([run])).errors).not.toContainEqual(refused)
})
