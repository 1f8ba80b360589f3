import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { createEventStream } from '../../src/engine/events.ts'
import { gatherFacts } from '../../src/engine/facts.ts'
import { hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { fakeRun } from '../engine/fake.ts'
import { startServer, type TestServer } from './server.ts'
import { output, pool } from './support.ts'

// A process that listens and never takes a connection: once its queue is full, the kernel drops what comes, so that a
// connection hangs as that to a machine that is off.
const deaf = `
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  require('node:fs').writeSync(1, String(server.address().port))
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

let off: ChildProcess
let offPort: number
const sockets = new Set<Socket>()
const silent = createServer(socket => sockets.add(socket.on('error', () => undefined).resume()))
const living: TestServer[] = []

beforeAll(async () => {
  off = spawn(process.execPath, ['-e', deaf], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [port] = (await once(off.stdout!, 'data')) as [Buffer]
  offPort = Number(port)
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  living.push(await startServer(), await startServer())
})

afterAll(async () => {
  off.kill('SIGKILL')
  for (const socket of sockets) socket.destroy()
  await new Promise(resolve => silent.close(resolve))
  await Promise.all(living.map(server => server[Symbol.asyncDispose]()))
})

// The dead ones come first.
function targets(dead: number, port: number, connectTimeoutMs: number) {
  return [
    ...Array.from({ length: dead }, (_, index) => living[0]!.target({ name: `dead${index}`, port, connectTimeoutMs })),
    ...living.map((server, index) => server.target({ name: `living${index}`, connectTimeoutMs })),
  ]
}

test.each([
  ['that are off', () => offPort],
  ['that take connections and say nothing', () => (silent.address() as AddressInfo).port],
])('hosts %s do not keep living ones from connecting, however many there are', { timeout: 30_000 }, async (_, port) => {
  const all = targets(40, port(), 15_000)
  await using subject = pool(all)
  const done: string[] = []
  const abort = new AbortController()
  const dead = all
    .filter(({ name }) => name.startsWith('dead'))
    .map(({ name }) => subject.session(name, abort.signal).catch(() => done.push(name)))
  await sleep(50)
  await Promise.all(
    ['living0', 'living1'].map(async name => done.push((await output(subject, `echo ${name}`, name)) ?? '')),
  )
  expect(done.sort()).toEqual(['living0\n', 'living1\n'])
  abort.abort()
  await Promise.all(dead)
})

test('hosts that are off do not hold the places of those that are read', async () => {
  const all = targets(10, offPort, 4_000)
  await using subject = pool(all)
  const events: Event[] = []
  const run = fakeRun(subject, {
    parallel: 2,
    emit: createEventStream({ name: 'seen', take: event => events.push(event) }).emit,
  })
  const { facts, failed } = await gatherFacts(
    all.map(({ name }) => name),
    run,
    { modules: hostFacts(kubeadmFacts) },
  )
  expect([...facts.keys()]).toEqual(['living0', 'living1'])
  expect(failed.size).toBe(10)
  const told = events.map(({ type }) => type).filter(type => type === 'exchange' || type === 'host:failed')
  expect(told.slice(0, 2)).toEqual(['exchange', 'exchange'])
})

test('connections may be opened to all hosts at once, but handshakes are begun with a few at a time', async () => {
  const port = (silent.address() as AddressInfo).port
  const all = Array.from({ length: 12 }, (_, index) => living[0]!.target({ name: `w${index}`, port }))
  sockets.clear()
  await using subject = pool(all, { maxHandshakes: 3 })
  const abort = new AbortController()
  const sessions = all.map(({ name }) => subject.session(name, abort.signal).catch(() => undefined))
  await expect.poll(() => sockets.size).toBe(12)
  await sleep(500)
  expect([...sockets].filter(({ bytesRead }) => bytesRead > 0)).toHaveLength(3)
  abort.abort()
  await Promise.all(sessions)
})
