import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkNames } from '../../src/config/index.ts'
import { startServer, type TestServer } from '../ssh/server.ts'
import { callCli, oneHostFile, runCli, temporaryFolder } from './run-cli.ts'

// Checks of this machine, through an SSH server of this process. There is no cluster on it, so that all is missing there.
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let server: TestServer
const path = (name: string) => join(folder.path, name)
const evcctl = (...args: readonly string[]) => runCli(args, { cwd: folder.path })

beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startServer()
  const { port, identityFile, knownHostsFile } = server
  const ssh = `user: root, identityFile: ${identityFile}, knownHosts: {file: ${knownHostsFile}, policy: accept-new}`
  const text = (ignore: readonly string[], at: number) =>
    oneHostFile(at, ssh).replace('  hosts:', `  preflight: {ignore: [${ignore.join(', ')}]}\n  hosts:`)
  await writeFile(path('lab.yaml'), text(checkNames, port))
  // Nothing listens on port 1 of a loopback address.
  await writeFile(path('down.yaml'), text(checkNames, 1))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

describe('check', { timeout: 60_000 }, () => {
  test('of a host that was never set up finds no drift, but what is not on record', async () => {
    const { stdout, exitCode } = await evcctl('check', 'lab.yaml', '-o', 'json')
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line))
    const result = lines.at(-1)
    expect(result).toMatchObject({
      type: 'check',
      cluster: 'lab',
      drift: [],
      asked: [],
      hosts: [{ host: 'cp1', read: true }],
    })
    expect(result.unrecorded.length).toBeGreaterThan(10)
    // On a machine without systemd the state of units cannot be read.
    expect(exitCode).toBe(result.errors.length > 0 ? 1 : 2)
    const exchanges = lines.filter(({ type }) => type === 'exchange')
    expect(exchanges.map(({ jobs }) => jobs)).toEqual([0, 0])
    expect(lines.some(({ type }) => type.startsWith('lock:'))).toBe(false)
    expect(await readdir(path('state/evcctl'))).toEqual(['plans'])
  })

  test('tells people what is not on record, and what to do', async () => {
    const { stdout } = await evcctl('check', 'lab.yaml')
    expect(stdout).toContain('not on record: no apply of this version has verified it')
    expect(stdout).toMatch(
      /\d+ not on record\. Nothing was written\. To make all of it as wanted: evcctl apply lab\.yaml/,
    )
  })

  test('writes its metrics as a whole, for a user of its own to read', async () => {
    const { stdout } = await evcctl('check', 'lab.yaml', '-o', 'prometheus', '--file', 'lab.prom')
    expect(stdout).toBe(await readFile(path('lab.prom'), 'utf8'))
    expect(stdout).toMatch(/^evcctl_check_drift\{cluster="lab"\} 0$/m)
    expect((await stat(path('lab.prom'))).mode & 0o777).toBe(0o644)
    expect((await readdir(folder.path)).filter(name => name.includes('.new'))).toEqual([])
  })

  test('that reaches no host fails, and its metrics say so', async () => {
    const { exitCode, stdout, stderr } = await evcctl('check', 'down.yaml', '-o', 'prometheus', '--file', 'down.prom')
    expect(exitCode).toBe(4)
    expect(stderr).toMatch(/^cp1 \(127\.0\.0\.1:1\): /)
    expect(stdout).toContain('evcctl_check_success{cluster="lab"} 0')
    expect(await readFile(path('down.prom'), 'utf8')).toBe(stdout)
  })

  test.each([
    ['a folder that is not there', 'no/lab.prom', 'mkdir -p no'],
    ['a folder in its place', 'state', 'Name another file'],
  ])('refuses %s before it contacts a host', async (_, file, words) => {
    const { exitCode, stderr, stdout } = await callCli(['check', 'lab.yaml', '--file', file], folder.path)
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' })
    expect(stderr).toContain(words)
  })
})
