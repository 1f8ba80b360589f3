import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { factsText } from '../facts/text.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

const names = ['cp1', 'cp2', 'cp3', 'w1']

/**
 * Plans four hosts of which the first answers nothing after its facts, or a worker says so to each further question; `standing`
 * are control plane nodes already.
 */
async function planWithout(standing: readonly string[], says?: string) {
  await using folder = await temporaryFolder()
  await using stack = new AsyncDisposableStack()
  const lines: string[] = []
  for (const [index, name] of names.entries()) {
    const address = `192.0.2.${11 + index}`
    const kubernetes = standing.includes(name) ? ['kubelet.conf', 'admin.conf', 'control-plane'] : []
    const facts = factsText({ name, address, kubernetes, clock: Date.now() / 1000 })
    const answer = answering(facts, thenOf(name))
    const server = stack.use(await startServer({ answer }))
    const login = `user: root, agent: false, identityFile: ${server.identityFile}, knownHosts: {file: ${server.knownHostsFile}, policy: accept-new}`
    const role = name.startsWith('cp') ? 'control-plane' : 'worker'
    lines.push(
      `    - {name: ${name}, address: 127.0.0.1, privateAddress: ${address}, roles: [${role}], ssh: {port: ${server.port}, ${login}}}`,
    )
  }
  function thenOf(name: string): Parameters<typeof answering>[1] {
    if (says === undefined) return name === 'cp1' ? 'ends the connection' : 'says nothing is there'
    return name === 'w1' ? { says } : 'says nothing is there'
  }
  const head = 'apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  hosts:'
  writeFileSync(join(folder.path, 'cluster.yaml'), `${[head, ...lines].join('\n')}\n`)
  return await callCli(['plan', '--output', 'json'], folder.path)
}

const everyControlPlane = ['cp1', 'cp2', 'cp3']

test('a first control plane node that falls silent after its facts fails alone, and the next one takes its place', async () => {
  const { stdout, stderr } = await planWithout(everyControlPlane)
  expect(stderr).toBe('')
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(events.filter(({ type }) => type === 'host:failed').map(({ host }) => host)).toEqual(['cp1'])
  const plan = events.at(-1)
  expect(plan.type).toBe('plan')
  expect(plan.unreachable).toMatchObject([
    { host: 'cp1', unfit: false, error: { problem: expect.stringContaining('was lost') } },
  ])
  const changes = plan.changes as { readonly host: string; readonly role: string }[]
  expect([...new Set(changes.map(({ host }) => host))]).toEqual(['cp2', 'cp3', 'w1'])
  // What the cluster is worked on through one node for.
  expect(changes.filter(({ role }) => role === 'control-plane').map(({ host }) => host)).toContain('cp2')
})

test.each([
  ['there is no cluster yet', []],
  ['no other one is in the cluster', ['cp1']],
])('nothing is planned without it where %s', async (_, standing) => {
  const { stdout, stderr, exitCode } = await planWithout(standing)
  expect(exitCode).toBe(4)
  expect(stdout).not.toContain('"type":"plan"')
  expect(JSON.parse(stderr)).toMatchObject({ errors: [{ host: 'cp1' }] })
})

test('a worker that cannot be made one fails alone: the plan is that of the others', async () => {
  const { stdout, exitCode } = await planWithout(everyControlPlane, 'controlPlane=/etc/kubernetes/admin.conf\n')
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const plan = events.at(-1)
  expect(plan.type).toBe('plan')
  expect(plan.unreachable).toMatchObject([
    { host: 'w1', unfit: true, error: { problem: expect.stringContaining('This host runs a control plane') } },
  ])
  const changes = plan.changes as { readonly host: string }[]
  expect([...new Set(changes.map(({ host }) => host))]).toEqual(everyControlPlane)
  expect(JSON.stringify(plan)).not.toContain('"refused":true')
  expect(exitCode).toBe(1)
})
