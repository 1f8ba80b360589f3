import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { factsText } from '../facts/text.ts'
import { nodeCertificate, throwAwayCa } from '../resources/certificate.ts'
import { answering } from '../ssh/answering.ts'
import { startServer } from '../ssh/server.ts'
import { callCli, devPath, temporaryFolder } from './run-cli.ts'
import { runInTerminal } from './run-in-terminal.ts'

const head = 'apiVersion: evcctl.dev/v1alpha1\nkind: Cluster\nmetadata: {name: lab}\nspec:\n  hosts:'
const ca = throwAwayCa()
const other = throwAwayCa()
const base64 = (text: string) => Buffer.from(text).toString('base64')

interface Given {
  /** Hosts on which nothing listens. */
  readonly off?: readonly string[]
  /** What cp1 says it belongs to. */
  readonly cluster?: string
  /** The CA of the host w1. */
  readonly w1?: typeof ca
}

/** A folder with the file of a control plane node and a worker, both nodes of a cluster. */
async function scene({ off = [], cluster = 'lab', w1 = ca }: Given = {}) {
  const stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const lines: string[] = []
  for (const [name, address, kubernetes, own] of [
    ['cp1', '192.0.2.11', ['kubelet.conf', 'admin.conf', 'control-plane'], ca],
    ['w1', '192.0.2.21', ['kubelet.conf'], w1],
  ] as const) {
    const facts = factsText({ name, address, kubernetes, clock: Date.now() / 1000 })
    const known = {
      '/^clusters:/': `ca=${base64(own.pem)}\n${name === 'cp1' ? `cluster=${cluster}\n` : ''}`,
      'bootstrap-kubelet.conf': `found=/etc/kubernetes/kubelet.conf\n${nodeCertificate(name)
        .trimEnd()
        .split('\n')
        .map(line => `nodeCertificate=${line}\n`)
        .join('')}ca=${base64(own.pem)}\n`,
    }
    const server = stack.use(await startServer({ answer: answering(facts, 'says nothing is there', known) }))
    const port = off.includes(name) ? 1 : server.port
    const login = `user: root, agent: false, identityFile: ${server.identityFile}, knownHosts: {file: ${server.knownHostsFile}, policy: accept-new}`
    const role = name === 'w1' ? 'worker' : 'control-plane'
    lines.push(
      `    - {name: ${name}, address: 127.0.0.1, privateAddress: ${address}, roles: [${role}], ssh: {port: ${port}, ${login}}}`,
    )
  }
  writeFileSync(join(folder.path, 'cluster.yaml'), `${[head, ...lines].join('\n')}\n`)
  return {
    folder,
    reset: async (...args: string[]) => {
      const outcome = await callCli(['reset', ...args, '--output', 'json'], folder.path)
      const documents = outcome.stdout
        .split('\n')
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line))
      return { ...outcome, plan: documents.findLast(({ type }) => type === 'plan') }
    },
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  }
}

describe('what is asked of reset', () => {
  let shared: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    shared = await scene()
  })
  afterAll(() => shared[Symbol.asyncDispose]())

  test.each([
    [[], 'No host is named.', 'evcctl reset cluster.yaml --all'],
    [['w1', '--all'], 'Hosts are named, and --all as well.', 'names of hosts, or --all'],
    [['w7', '--yes', 'lab'], 'cluster.yaml has no such host.', 'cp1, w1'],
    [['cp1', '--yes', 'lab'], 'No control plane node would be left', 'evcctl reset cluster.yaml --all'],
    [['w1', '--yes', 'other'], 'cluster.yaml describes another cluster.', 'evcctl reset cluster.yaml w1 --yes lab'],
    [['--all'], 'nobody is asked. Nothing was read or written.', 'evcctl reset cluster.yaml --all --yes CLUSTER'],
    [['none.yaml', 'w1', '--yes', 'lab'], 'none.yaml', ''],
  ])('is refused before anything is read: %j', async (args, problem, next) => {
    const { exitCode, stdout, stderr } = await shared.reset(...args)
    expect([exitCode, stdout]).toEqual([3, ''])
    expect(stderr).toContain(problem)
    expect(stderr).toContain(next)
    expect(stderr).not.toMatch(/\n\s+at /)
  })

  test('is the name of the cluster: another word does nothing', async () => {
    const { exitCode, screen } = await runInTerminal([process.execPath, devPath, 'reset', '--all'], {
      cwd: shared.folder.path,
      env: { PATH: process.env.PATH, HOME: shared.folder.path, TERM: 'xterm' },
      answers: [[/takes the cluster lab and everything in it apart\. Type the name/, 'yes\n']],
    })
    expect(screen).toContain('Nothing was written.')
    expect(exitCode).toBe(0)
  })
})

describe('the plan of a reset', () => {
  test('names what goes on each host', async () => {
    await using on = await scene()
    const { plan, stderr } = await on.reset('--all', '--dry-run')
    expect(stderr).toBe('')
    const titles = (host: string) =>
      plan.changes
        .filter((change: { host: string }) => change.host === host)
        .map(({ title }: { title: string }) => title)
    expect(titles('w1')).toContain('kubeadm reset')
    expect(titles('cp1')).toContain('kubeadm reset')
  })

  test('names a host that does not answer, and has the others', async () => {
    await using on = await scene({ off: ['cp1'] })
    const { plan } = await on.reset('--all', '--dry-run')
    expect(plan.unreachable.map(({ host }: { host: string }) => host)).toEqual(['cp1'])
    expect(plan.changes.map(({ host }: { host: string }) => host)).toContain('w1')
  })

  test.each([
    ['by its name', { cluster: 'plant' }, 'The host belongs to another cluster.'],
    ['by its CA', { w1: other }, 'another cluster'],
  ])('refuses a host of another cluster, which is known %s', async (_, given, problem) => {
    await using on = await scene(given)
    const { exitCode, stdout } = await on.reset('--all', '--yes', 'lab')
    expect(exitCode).toBe(1)
    expect(stdout).toContain(problem)
    expect(stdout).not.toContain('apply:start')
  })
})
