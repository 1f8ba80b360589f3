import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { factsText } from '../facts/text.ts'
import { nodesAnswered } from '../resources/api-given.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

const head = 'apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  hosts:'

/** Plans a control plane node that stands, and a worker that leaves: it answers, or nothing listens where it was. */
async function plan(
  worker: 'answers' | 'is off',
  {
    args = [],
    known = {},
  }: { readonly args?: readonly string[]; readonly known?: Readonly<Record<string, string>> } = {},
) {
  await using folder = await temporaryFolder()
  await using stack = new AsyncDisposableStack()
  const lines: string[] = []
  for (const [name, address, kubernetes] of [
    ['cp1', '192.0.2.11', ['kubelet.conf', 'admin.conf', 'control-plane']],
    ['w1', '192.0.2.21', ['kubelet.conf']],
  ] as const) {
    const facts = factsText({ name, address, kubernetes, clock: Date.now() / 1000 })
    const server = stack.use(await startServer({ answer: answering(facts, 'says nothing is there', known) }))
    const isOff = name === 'w1' && worker === 'is off'
    const login = `user: root, agent: false, identityFile: ${server.identityFile}, knownHosts: {file: ${server.knownHostsFile}, policy: accept-new}`
    const rest = name === 'w1' ? 'roles: [worker], state: absent' : 'roles: [control-plane]'
    const port = isOff ? 1 : server.port
    lines.push(
      `    - {name: ${name}, address: 127.0.0.1, privateAddress: ${address}, ${rest}, ssh: {port: ${port}, ${login}}}`,
    )
  }
  writeFileSync(join(folder.path, 'cluster.yaml'), `${[head, ...lines].join('\n')}\n`)
  const outcome = await callCli(['plan', '--output', 'json', ...args], folder.path)
  const documents = outcome.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  return { ...outcome, events: documents, plan: documents.findLast(({ type }) => type === 'plan') }
}

test('a host that leaves is read, and what is done on it is in the plan', async () => {
  const { stderr, plan: planned } = await plan('answers')
  expect(stderr).toBe('')
  expect(planned.hosts).toEqual(['cp1', 'w1'])
  expect(planned.unreachable).toEqual([])
  const removal = planned.changes.filter(({ role }: { role: string }) => role === 'remove-nodes')
  // Nothing is known of the cluster: the API server of this host says nothing.
  expect(removal.map(({ title }: { title: string }) => title)).toEqual(['drain w1', 'Node w1'])
})

test('a host that leaves and does not answer is no failure', async () => {
  const { stderr, events, plan: planned } = await plan('is off')
  expect(stderr).toBe('')
  expect(events.filter(({ type }) => type === 'host:failed')).toEqual([])
  expect([planned.hosts, planned.unreachable]).toEqual([['cp1'], []])
})

test('nodes that the file does not have are not guessed where the API server says nothing', async () => {
  const { exitCode, stderr } = await plan('answers', { args: ['--prune'] })
  expect(exitCode).not.toBe(0)
  expect(stderr).toContain('so it is not known which nodes the cluster has. Nothing was written.')
})

test('nodes that the file does not have are in the plan when it is to remove them, and noted otherwise', async () => {
  const nodes = nodesAnswered(...['cp1', 'w9'].map(name => ({ metadata: { name } }))).stdout
  const known = { "'/api/v1/nodes'": nodes, 'pods=answered': 'pods=answered\n' }
  const noted = await plan('answers', { known })
  const drains = (changes: readonly { readonly title: string; readonly note?: string }[]) =>
    changes.filter(({ title }) => title.startsWith('drain')).map(({ title, note }) => [title, note])
  expect(noted.events.flatMap(({ type, text }) => (type === 'note' ? [text] : [])).join()).toContain(
    'Node w9 is in the cluster, and not in cluster.yaml. To remove it:',
  )
  expect(drains(noted.plan.changes)).toEqual([])
  const pruned = await plan('answers', { args: ['--prune'], known })
  expect(drains(pruned.plan.changes)).toEqual([['drain w9', 'cordon, drain (0 pods)']])
  expect(pruned.events.flatMap(({ type, text }) => (type === 'note' ? [text] : [])).join()).not.toContain('Node w9')
})
