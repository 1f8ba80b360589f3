import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { limits } from '../../src/core/limits.ts'
import type { Resource } from '../../src/core/resource.ts'
import { GraphBuilder } from '../../src/core/scope.ts'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { evaluate } from '../../src/engine/evaluate.ts'
import { createEventStream } from '../../src/engine/events.ts'
import { gatherFacts } from '../../src/engine/facts.ts'
import { hostFacts } from '../../src/facts/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { fakeRun } from '../engine/fake.ts'
import { escapes, hostilities, reasons } from './hostile.ts'
import { startServer, type TestServer } from './server.ts'
import { pool } from './support.ts'

// Small, so that tests end soon; the real ones only differ in size.
const small = {
  ...limits,
  probeBytes: 64 * 1024,
  answersBytes: 128 * 1024,
  exchangeBytes: 1024 * 1024,
  preludeBytes: 64 * 1024,
  marginMs: 1000,
}
const impatient = { patienceMs: 500, patienceTotalMs: 2000 }
// For hosts that break another bound: on a busy machine it takes a while until they have.
const patient = { patienceMs: 20_000, patienceTotalMs: 40_000 }

// What may do something to a terminal.
const harmful = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

const greeting: Resource<string, Record<string, never>> = {
  kind: 'greeting',
  name: 'x',
  probe: { script: 'echo hello', parse: raw => raw.stdout },
  desired: {},
  diff: current => (current === 'hello\n' ? undefined : { action: 'create', fields: [] }),
  converge: () => [],
}

let good: TestServer
beforeAll(async () => {
  good = await startServer()
})
afterAll(() => good[Symbol.asyncDispose]())

/** Reads two good hosts and a bad one, facts and a task each, and expects that only the bad one fails, and how it is told. */
async function expectAlone(bad: SshTarget, patience = impatient): Promise<readonly string[]> {
  const targets = [good.target({ name: 'a' }), good.target({ name: 'b' }), { ...bad, name: 'bad' }]
  await using connections = pool(targets, { limits: small })
  const events: Event[] = []
  const run = fakeRun(connections, {
    patience,
    emit: createEventStream({ name: 'seen', take: event => events.push(event) }).emit,
  })
  const hosts = ['a', 'bad', 'b']
  const { facts, failed } = await gatherFacts(hosts, run, { modules: hostFacts(kubeadmFacts) })
  expect([...facts.keys()]).toEqual(['a', 'b'])
  expect([...failed.keys()]).toEqual(['bad'])
  const builder = new GraphBuilder()
  const tasks = hosts.map(host => builder.scope(host, 'r').add(greeting))
  const { plan, unreachable } = await evaluate(builder.build(), run)
  expect(tasks.map(({ id }) => plan.verdicts.get(id)?.is)).toEqual(['in desired state', undefined, 'in desired state'])
  expect([...unreachable.keys()]).toEqual(['bad'])
  const told = events.filter(event => event.type === 'host:failed')
  expect(told.map(({ host }) => host)).toEqual(['bad', 'bad'])
  return told.map(({ error }) => {
    const text = Object.values(error).join('\n')
    expect(text).not.toMatch(harmful)
    expect(text.length).toBeLessThan(3 * 4000)
    return text
  })
}

/** A server that is not even SSH: what it does with a connection. */
async function rawServer(talk: (socket: Socket) => void) {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => undefined))
    talk(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

describe.concurrent('two good hosts', () => {
  it.each(Object.entries(hostilities))('are read while a third one has %s', async (name, answer) => {
    await using server = await startServer({ answer })
    const reason = reasons[name] ?? 'no reason'
    const isSlow = reason.includes('than the other hosts') || reason.includes('nothing was heard')
    const told = await expectAlone(server.target(), isSlow ? impatient : patient)
    expect(told).toEqual([reason, reason].map(text => expect.stringContaining(text)))
  })

  it.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => undefined],
    ['sends lines without end before it says that it is SSH', socket => flood(socket, `${escapes}\r\n`.repeat(1000))],
    ['sends one line without end', socket => flood(socket, 'x'.repeat(100_000))],
    ['sends noise', socket => flood(socket, `SSH-2.0-x\r\n${'\u0000\u0001\u0002'.repeat(1000)}`)],
    ['drips', socket => void setInterval(() => socket.writable && socket.write('x'), 50).unref()],
  ])('are read while a third one %s', async (_, talk) => {
    await using server = await rawServer(talk)
    await expectAlone(good.target({ port: server.port, connectTimeoutMs: 1000 }))
  })
})

function flood(socket: Socket, text: string): void {
  const more = (): void => {
    while (socket.writable && socket.write(text)) if (socket.writableLength > 1e6) break
    socket.once('drain', more)
  }
  more()
}
