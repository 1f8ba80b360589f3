import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quoteAll } from '../../src/shell/quote.ts'
import { startServer } from '../ssh/server.ts'
import { devPath, oneHostFile, runCli, temporaryFolder } from './run-cli.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
// A host that takes connections and says nothing: the run is under way until something ends it.
const sockets = new Set<Socket>()
const silent = createServer(socket => sockets.add(socket))

beforeEach(async () => {
  folder = await temporaryFolder()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  writeFileSync(join(folder.path, 'cluster.yaml'), oneHostFile(port, 'user: root, connectTimeout: 60s'))
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise(resolve => silent.close(resolve))
  await folder[Symbol.asyncDispose]()
})

/** Node's options by which something goes wrong in the middle of a run, in nobody's call. */
function mistake(code: string, now = ''): { readonly NODE_OPTIONS: string } {
  const file = join(folder.path, 'mistake.mjs')
  writeFileSync(file, `${now}\nsetTimeout(() => { ${code} }, 2000).unref()`)
  return { NODE_OPTIONS: `--import ${file}` }
}

test.each([
  ['a timer', 'throw new Error("boom")'],
  ['a promise that nobody looks at', 'Promise.reject(new Error("boom"))'],
  ['a listener', 'process.emit("error-of-mine", 1); process.nextTick(() => { throw new Error("boom") })'],
  ['something that throws no Error', 'throw { toString() { return "boom" } }'],
])('an exception in %s ends the run with one clear error and no stack trace', async (_, code) => {
  const { exitCode, signal, stderr } = await runCli(['ping'], { cwd: folder.path, env: mistake(code) })
  expect({ exitCode, signal, stderr }).toEqual({ exitCode: 1, signal: null, stderr: expect.stringContaining('boom') })
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stderr).not.toContain('node:internal')
})

test('what goes wrong after the command has told its error does not change its exit code', async () => {
  writeFileSync(join(folder.path, 'broken.yaml'), 'kind: [')
  const late = mistake('', `process.on('beforeExit', () => { throw new Error('boom') })`)
  const { exitCode, stderr } = await runCli(['plan', 'broken.yaml'], { cwd: folder.path, env: late })
  expect(exitCode).toBe(3)
  expect(stderr).toContain('broken.yaml')
  expect(stderr).not.toMatch(/boom|^\s+at /m)
})

test('programs are told of a crash in JSON', async () => {
  const env = mistake('throw new Error("boom")')
  const { exitCode, stderr } = await runCli(['ping', '-o', 'json'], { cwd: folder.path, env })
  expect(exitCode).toBe(1)
  const lines = stderr
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { errors: { problem: string }[] })
  expect(lines.flatMap(({ errors }) => errors.map(({ problem }) => problem)).join()).toContain('boom')
})

// Once the run draws, however long it takes until then.
const onceDrawn = `for (const stream of [process.stdout, process.stderr]) {
  const write = stream.write.bind(stream)
  stream.write = (text, ...rest) => {
    if (String(text).includes('\\u001b[?25l')) setImmediate(() => { throw new Error('boom') })
    return write(text, ...rest)
  }
}`

test('what was being read or written is ended as by SIGTERM, and a terminal gets its cursor back', async () => {
  const env = { ...process.env, HOME: folder.path, XDG_STATE_HOME: folder.path, ...mistake('', onceDrawn) }
  const command = quoteAll([process.execPath, devPath, 'plan'])
  const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder.path, env })
  let screen = ''
  child.stdout.on('data', chunk => {
    screen += String(chunk)
  })
  const [exitCode] = await once(child, 'close')
  expect(exitCode).toBe(1)
  expect(screen).toContain('boom')
  expect(screen).toContain('\u001b[?25l')
  expect(screen.lastIndexOf('\u001b[?25h')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25l'))
  const [journal = ''] = globSync(join(folder.path, 'evcctl/plans/*/run.json'))
  expect(JSON.parse(readFileSync(journal, 'utf8'))).toMatchObject({ outcome: 'cancelled' })
  expect(screen.indexOf('boom')).toBeGreaterThan(screen.lastIndexOf('\u001b[?25h'))
})

test('an exception while the bytes of one host are read is an error of that host, and the others go on', async () => {
  await using bad = await startServer()
  await using good = await startServer()
  const [first, second] = [bad, good].map(
    ({ port, identityFile }) => `ssh: {port: ${port}, identityFile: ${identityFile}}}`,
  )
  const file = `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: {name: lab}
spec:
  ssh: {agent: false, user: root, knownHosts: {file: ./known_hosts, policy: accept-new}}
  hosts:
    - {name: bad, address: 127.0.0.1, privateAddress: 192.0.2.1, roles: [control-plane], ${first}
    - {name: good, address: localhost, privateAddress: 192.0.2.2, roles: [worker], ${second}
`
  writeFileSync(join(folder.path, 'cluster.yaml'), file)
  const code = `import { createRequire } from 'node:module'
const { Client } = createRequire(${JSON.stringify(devPath)})('ssh2')
const connect = Client.prototype.connect
Client.prototype.connect = function (options) {
  if (options.sock.remotePort === ${bad.port}) options.sock.on('data', () => process.nextTick(() => { throw new Error('boom') }))
  return connect.call(this, options)
}`
  const { exitCode, stdout, stderr } = await runCli(['ping'], { cwd: folder.path, env: mistake('', code) })
  expect(stdout + stderr).toContain('what it sent cannot be dealt with (boom)')
  expect(stdout).toMatch(/^good .*ok/m)
  expect(exitCode).toBe(4)
})
