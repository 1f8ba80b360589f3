import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type TestServer } from '../ssh/server.ts'
import { devPath, runCli, temporaryFolder } from './run-cli.ts'
import { type Answer, runInTerminal } from './run-in-terminal.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let server: TestServer
let home: string

beforeAll(async () => {
  folder = await temporaryFolder()
  home = join(folder.path, 'there')
  await mkdir(home)
  server = await startServer({ password: 'correct horse', authorizedKeys: [], home })
  const ssh = '{ user: root, agent: false, identityFile: ./id, knownHosts: { file: ./known_hosts, policy: strict } }'
  await writeFile(
    join(folder.path, 'cluster.yaml'),
    `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: demo }
spec:
  ssh: ${ssh}
  hosts:
    - { name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.1, roles: [control-plane], ssh: { port: ${server.port} } }
`,
  )
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const onTerminal = (answers: readonly Answer[], ...args: readonly string[]) =>
  runInTerminal([process.execPath, devPath, 'ssh', 'setup', ...args], {
    cwd: folder.path,
    env: { PATH: process.env.PATH, HOME: folder.path, TERM: 'xterm' },
    answers,
  })

describe('ssh setup', { timeout: 60_000 }, () => {
  test('without a terminal refuses an unknown host, and says what to give', async () => {
    const { exitCode, stdout, stderr } = await runCli(['ssh', 'setup'], { cwd: folder.path })
    expect(stderr).toMatch(/^HOST +ADDRESS +TYPE +FINGERPRINT\ncp1 +127\.0\.0\.1:\d+ +ssh-ed25519 +SHA256:\S+$/m)
    expect(stdout).toContain('its host key was not confirmed. Nothing was sent.')
    expect(stdout).toContain('--accept-new')
    expect(exitCode).toBe(4)
    const accepted = await runCli(['ssh', 'setup', '--accept-new', '-o', 'json'], { cwd: folder.path })
    expect(JSON.parse(accepted.stdout)).toMatchObject({
      type: 'ssh:setup',
      host: 'cp1',
      ok: false,
      hostKey: 'recorded',
      login: 'failed',
      error: { next: expect.stringContaining('fromEnv') },
    })
    expect(accepted.exitCode).toBe(4)
  })

  test('^C at a question ends it at once', async () => {
    const { exitCode, screen } = await onTerminal([['Password of root on cp1: ', '\u0003']])
    expect(screen).toContain('Stopped before it was done.')
    expect(exitCode).toBe(130)
  })

  test('asks, sets up, and finds nothing to do the second time', async () => {
    await writeFile(join(folder.path, 'known_hosts'), '')
    const { exitCode, screen } = await onTerminal([
      ['Are they theirs? Then they are recorded in known_hosts. [y/N] ', 'y\r'],
      ['Password of root on cp1: ', 'no good\r'],
      ['That was not right. Password of root on cp1: ', 'correct horse\r'],
    ])
    expect(screen).toMatch(/^cp1 +✔ recorded +✔ installed +✔ +✔ root$/m)
    expect(screen).toContain('1 host of 1 can be worked on. Next: evcctl ping cluster.yaml')
    expect(screen).not.toMatch(/no good|correct horse/)
    expect(exitCode).toBe(0)
    const keys = await readFile(join(home, '.ssh', 'authorized_keys'), 'utf8')
    const again = await onTerminal([])
    expect(again.screen).toMatch(/^cp1 +✔ known +✔ already +✔ +✔ root$/m)
    expect(again.screen).toContain('can be worked on already; nothing was written.')
    expect(again.exitCode).toBe(0)
    expect(await readFile(join(home, '.ssh', 'authorized_keys'), 'utf8')).toBe(keys)
    const ping = await runCli(['ping'], { cwd: folder.path })
    expect(ping.exitCode).toBe(0)
  })
})
