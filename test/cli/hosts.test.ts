import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkNames } from '../../src/config/index.ts'
import { startServer, type TestServer } from '../ssh/server.ts'
import { runCli, temporaryFolder } from './run-cli.ts'

// Commands of these tests run on this machine, through SSH servers of this process: only such as write nothing.
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let servers: Record<'cp1' | 'w1', TestServer>

beforeAll(async () => {
  folder = await temporaryFolder()
  const [cp1, w1] = await Promise.all([startServer(), startServer()])
  servers = { cp1, w1 }
  await writeFile(join(folder.path, 'cluster.yaml'), clusterFile(cp1.port, w1.port))
  // Nothing listens on port 1 of a loopback address.
  await writeFile(join(folder.path, 'w1-down.yaml'), clusterFile(cp1.port, 1))
  await writeFile(join(folder.path, 'cp1-down.yaml'), clusterFile(1, w1.port))
  const ignored = `spec:\n  preflight: { ignore: [${checkNames.join(', ')}] }`
  await writeFile(join(folder.path, 'any-machine.yaml'), clusterFile(cp1.port, 1).replace('spec:', ignored))
})

afterAll(async () => {
  await Promise.all(Object.values(servers).map(server => server[Symbol.asyncDispose]()))
  await folder[Symbol.asyncDispose]()
})

function clusterFile(cp1: number, w1: number): string {
  const ssh = (name: 'cp1' | 'w1', port: number) => {
    const { identityFile, knownHostsFile } = servers[name]
    return `{ port: ${port}, identityFile: ${identityFile}, knownHosts: { file: ${knownHostsFile}, policy: accept-new } }`
  }
  return `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: demo }
spec:
  ssh: { user: root, agent: false, connectTimeout: 5s }
  hosts:
    - { name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.1, roles: [control-plane], ssh: ${ssh('cp1', cp1)} }
    - { name: w1, address: 127.0.0.1, privateAddress: 192.0.2.2, roles: [worker], ssh: ${ssh('w1', w1)} }
`
}

const evcctl = (...args: readonly string[]) => runCli(args, { cwd: folder.path })
const ndjson = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))

describe('commands that meet hosts', { timeout: 60_000 }, () => {
  test('ping shows every step and what the host is', async () => {
    const { exitCode, stdout, stderr } = await evcctl('ping')
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^HOST +REACHABLE +HOST KEY +LOGIN +ROOT +OS +ARCH +CLOCK +LATENCY\n/)
    expect(stdout).toMatch(/^w1 +✔ +✔ +✔ +✔ root +\S.* +[+-]\d+\.\d s +\d+ ms$/m)
    expect(stdout).toContain('2 of 2 hosts can be worked on. Next: evcctl plan cluster.yaml')
    expect(exitCode).toBe(0)
  })

  test('ping names the step that fails, and exits with 4', async () => {
    const { exitCode, stdout } = await evcctl('ping', 'w1-down.yaml', '--output', 'json')
    const [cp1, w1] = ndjson(stdout)
    expect(cp1).toMatchObject({ type: 'ping', host: 'cp1', ok: true, clockOffsetMs: expect.any(Number) })
    expect(w1.steps[0]).toMatchObject({ name: 'reachable', result: 'failed' })
    expect(exitCode).toBe(4)
  })

  test('exec puts the name of the host before each line', async () => {
    const { exitCode, stdout, stderr } = await evcctl('exec', '--', 'echo one; echo two >&2; printf three')
    expect(stdout.split('\n').sort()).toEqual(['', 'cp1  one', 'cp1  three', 'w1   one', 'w1   three'])
    expect(stderr.split('\n').sort()).toEqual(['', 'cp1  two', 'w1   two'])
    expect(exitCode).toBe(0)
  })

  test('exec passes words on as they are, and chooses hosts', async () => {
    const words = ["it's", 'a  b', '$HOME', 'a', '--sudo', 'a']
    const { stdout } = await evcctl('exec', '--role', 'worker', '--', 'printf', '[%s]', ...words)
    expect(stdout).toBe(`${words.map(word => `[${word}]`).join('')}\n`)
    const unknown = await evcctl('exec', '--host', 'w2', '--', 'true')
    expect(unknown).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('There is no host "w2" in cluster.yaml.'),
    })
  })

  test('exec fails where one host fails, with a table at the end', async () => {
    const { exitCode, stderr } = await evcctl('exec', '--', 'exit 3')
    expect(stderr).toMatch(/^cp1 +exit code 3 +\d/m)
    expect(exitCode).toBe(1)
    const down = await evcctl('exec', 'w1-down.yaml', '--sudo', '-o', 'json', '--', '/usr/bin/id', '-u')
    expect(down.exitCode).toBe(4)
    expect(ndjson(down.stdout)).toMatchObject([
      { type: 'exec:output', host: 'cp1', stream: 'stdout', line: '0' },
      { type: 'exec:end', host: 'cp1', exitCode: 0 },
      { type: 'exec:end', host: 'w1', error: { problem: expect.any(String) } },
    ])
  })

  test('^C twice ends what runs on the hosts', async () => {
    let presses = 0
    const { exitCode, stdout, stderr } = await runCli(['exec', '--host', 'w1', '--', 'echo $$; sleep 1000'], {
      cwd: folder.path,
      onStdout(_text, child) {
        if (presses++ > 0) return
        child.kill('SIGINT')
        setTimeout(() => child.kill('SIGINT'), 300)
      },
    })
    expect(stderr).toContain('Stopping: no further host is begun. ^C again kills what runs.\nStopping now')
    expect(stderr).toMatch(/w1 +cancelled/)
    expect(exitCode).toBe(130)
    expect(() => process.kill(Number(stdout.trim()), 0)).toThrow('ESRCH')
  })

  test('plan is two exchanges a host, and a journal', async () => {
    const { stdout, stderr, exitCode } = await evcctl('plan', '--output', 'json')
    const events = ndjson(stdout)
    expect(events[0]).toMatchObject({ type: 'run:start', command: 'plan', cluster: 'demo', hosts: ['cp1', 'w1'] })
    // This machine is no host for a cluster, so preflight may end the plan after the facts.
    const exchanges = events.filter(event => event.type === 'exchange')
    expect(exchanges.length).toBe(stderr === '' ? 4 : 2)
    expect(exitCode).toBe(stderr === '' ? 0 : 1)
    const runs = join(folder.path, 'state', 'evcctl', 'plans')
    expect(await readdir(runs)).toContain(events[0].run)
    const journal = await readFile(join(runs, events[0].run, 'events.ndjson'), 'utf8')
    expect(ndjson(journal)).toEqual(events.filter(event => event.type !== 'plan'))
    expect((await stat(join(runs, events[0].run))).mode & 0o777).toBe(0o700)
  })

  test('plan goes on without a worker, and names it', async () => {
    const { stdout, exitCode } = await evcctl('plan', 'any-machine.yaml', '-o', 'json')
    const events = ndjson(stdout)
    expect(events).toContainEqual(expect.objectContaining({ type: 'host:failed', host: 'w1' }))
    const plan = events.at(-1)
    expect(plan).toMatchObject({ type: 'plan', cluster: 'demo', unreachable: [{ host: 'w1' }] })
    expect(plan.changes.every((change: { host: string }) => change.host === 'cp1')).toBe(true)
    // On a machine without systemd the state of units cannot be read.
    expect(exitCode).toBe(plan.errors.length > 0 ? 1 : 4)
  })

  test('plan without the first control plane node is an error', async () => {
    const { exitCode, stdout, stderr } = await evcctl('plan', 'cp1-down.yaml')
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^cp1 \(127\.0\.0\.1:1\): /)
    expect(exitCode).toBe(4)
  })

  test('status asks another control plane node when the first cannot be reached', async () => {
    const two = clusterFile(1, servers.w1.port).replace('roles: [worker]', 'roles: [control-plane]')
    await writeFile(join(folder.path, 'two.yaml'), two.replace('spec:', 'spec:\n  etcd: { allowEvenMembers: true }'))
    const { stdout, stderr } = await evcctl('status', 'two.yaml')
    expect(stderr).toBe('')
    expect(stdout).toContain('there is no cluster yet')
    const alone = await evcctl('status', 'cp1-down.yaml')
    expect(alone.stderr).toMatch(/^cp1 \(127\.0\.0\.1:1\): /)
    expect(alone.exitCode).toBe(4)
  })

  test.each(['status', 'kubeconfig'])('%s says that there is no cluster yet', async command => {
    const { exitCode, stdout, stderr } = await evcctl(command)
    expect(stdout + stderr).toContain('evcctl apply cluster.yaml')
    expect(exitCode).toBe(1)
  })
})
