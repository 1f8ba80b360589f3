import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { factsText } from '../engine/facts-text.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

afterEach(() => vi.unstubAllEnvs())

const connected = { type: 'host:connected', host: 'w1', ms: 1 }
const started = { type: 'task:start', host: 'w1', task: 'w1/kubelet/file:x', role: 'kubelet', title: 'x' }
const ended = {
  type: 'task:end',
  host: 'w1',
  task: 'w1/kubelet/file:x',
  role: 'kubelet',
  title: 'x',
  result: 'changed',
  ms: 1,
}
const failed = { type: 'host:failed', host: 'w1', error: { problem: 'lost' } }

/** Plans cp1 and w1, both nodes already, of which w1 does not answer; each run before it told these events. */
async function planAfter(runs: readonly (readonly object[])[], nodes = ['cp1', 'w1']) {
  await using folder = await temporaryFolder()
  await using stack = new AsyncDisposableStack()
  vi.stubEnv('XDG_STATE_HOME', folder.path)
  for (const [index, events] of runs.entries()) {
    const at = join(folder.path, `evcctl/runs/2026-11-28T10-15-0${index}-lab`)
    mkdirSync(at, { recursive: true })
    const start = { type: 'run:start', run: 'x', command: 'apply', cluster: 'lab', hosts: ['cp1', 'w1'] }
    writeFileSync(
      join(at, 'events.ndjson'),
      [start, ...events].map(event => `${JSON.stringify({ at: 1, ...event })}\n`).join(''),
    )
  }
  const given = { name: 'cp1', address: '192.0.2.11', kubernetes: ['kubelet.conf', 'admin.conf', 'control-plane'] }
  const facts = factsText({ ...given, clock: Date.now() / 1000 })
  const listing = nodesAnswered(...nodes.map(name => ({ metadata: { name } }))).stdout
  const server = stack.use(
    await startServer({ answer: answering(facts, 'says nothing is there', { '/api/v1/nodes': listing }) }),
  )
  const login = `user: root, agent: false, identityFile: ${server.identityFile}, knownHosts: {file: ${server.knownHostsFile}, policy: accept-new}`
  const lines = [
    'apiVersion: evcctl.dev/v1alpha1',
    'kind: Cluster',
    'metadata: {name: lab}',
    'spec:',
    '  hosts:',
    `    - {name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.11, roles: [control-plane], ssh: {port: ${server.port}, ${login}}}`,
    `    - {name: w1, address: 127.0.0.1, privateAddress: 192.0.2.21, roles: [worker], ssh: {port: 1, ${login}}}`,
  ]
  writeFileSync(join(folder.path, 'cluster.yaml'), `${lines.join('\n')}\n`)
  const { stdout } = await callCli(['plan', '--output', 'json'], folder.path)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly errors: readonly object[] }
}

const refused = expect.objectContaining({
  error: expect.objectContaining({
    problem: expect.stringContaining('w1 is a node that fell silent while a run wrote to it'),
    came: expect.stringMatching(/^w1 .* 2026-11-28T10-15-0\d-lab$/),
    next: expect.stringContaining('take it out of cluster.yaml'),
  }),
})

test.each([
  ['given up after something was written to it', [[connected, started, ended, failed]]],
  ['being written to when the run was killed', [[connected, started]]],
  ['not reached again by the runs after that', [[connected, started, failed], [failed], [failed]]],
])('running nodes stay as they are while another one is silent that was %s', async (_what, runs) => {
  expect((await planAfter(runs)).errors).toContainEqual(refused)
})

test.each([
  ['was well when the last run ended', [[connected, started, ended]]],
  ['was reached again afterwards', [[connected, started, failed], [connected]]],
  ['was lost before anything was written to it', [[connected, failed]]],
  ['came back in the same run', [[connected, started, failed, connected, ended]]],
  ['no run has ever seen', []],
])('a silent node that %s holds up nobody', async (_what, runs) => {
  expect((await planAfter(runs)).errors).not.toContainEqual(refused)
})

test('nor does a host that was about to become a node', async () => {
  expect((await planAfter([[connected, started, failed]], ['cp1'])).errors).not.toContainEqual(refused)
})
