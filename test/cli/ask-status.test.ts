import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { askHealth } from '../../src/cli/status/ask-health.ts'
import { askStatus } from '../../src/cli/status/ask-status.ts'
import { HostError } from '../../src/core/index.ts'
import { createPool } from '../../src/ssh/index.ts'
import { specOf } from '../playbooks/given.ts'
import { hostilities } from '../ssh/hostile.ts'
import { startServer, type TestServer } from '../ssh/server.ts'

const hosts = ['cp1', 'cp2', 'cp3', 'w1', 'w2'].map((name, index) => ({
  name,
  address: `192.0.2.${index + 1}`,
  roles: [name.startsWith('cp') ? 'control-plane' : 'worker'],
}))
const spec = specOf({ hosts })
const never = new AbortController().signal
const options = { sshConfigFile: '/nonexistent' }

let good: TestServer
beforeAll(async () => {
  good = await startServer()
})
afterAll(() => good[Symbol.asyncDispose]())

test('hosts that are silent in every way are told as such within ten seconds, and the others have answered', async () => {
  // Neither is a server of SSH: one says nothing, nobody listens on the other.
  const sockets = new Set<Socket>()
  const mute = createServer(socket => void sockets.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  await using silent = await startServer({ answer: hostilities['silence from the start']! })
  await using halfway = await startServer({ answer: hostilities['silence after the beginning']! })
  const targets = [
    silent.target({ name: 'cp1' }),
    good.target({ name: 'cp2' }),
    good.target({ name: 'cp3', port: (mute.address() as AddressInfo).port }),
    halfway.target({ name: 'w1' }),
    good.target({ name: 'w2' }),
  ]
  const begun = performance.now()
  const answers = await askStatus(spec, targets, never, options)
  const took = performance.now() - begun
  for (const socket of sockets) socket.destroy()
  mute.close()
  expect(took).toBeLessThan(11_000)
  const problems = hosts.map(({ name }) => {
    const answer = answers.hosts.get(name)
    return answer instanceof HostError ? answer.details.problem : answer?.kubelet.state
  })
  expect(problems).toEqual([
    expect.stringContaining('has not answered'),
    'absent',
    expect.stringContaining('did not end within 4 s'),
    expect.stringContaining('has not answered'),
    'absent',
  ])
  expect(answers.asked).toBe('cp2')
  expect(answers.results.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 4 }, () => 'api=absent\n'))
})

test('where no control plane node answers, the error is that of the first', async () => {
  const targets = hosts.map(({ name }) => good.target({ name, ...(name.startsWith('cp') ? { port: 1 } : {}) }))
  await expect(askStatus(spec, targets, never, options)).rejects.toThrow(/^cp1 \(127.0.0.1:1\): nothing listens/)
})

test('it ends as soon as it is stopped', async () => {
  await using silent = await startServer({ answer: hostilities['silence from the start']! })
  const stop = new AbortController()
  const targets = hosts.map(({ name }) => silent.target({ name }))
  const asking = askStatus(spec, targets, stop.signal, options)
  setTimeout(() => stop.abort(), 500)
  const begun = performance.now()
  await expect(asking).rejects.toMatchObject({ kind: 'cancelled' })
  expect(performance.now() - begun).toBeLessThan(6000)
})

test('a host has not answered late where it was this machine that stood still', async () => {
  const server = await startServer()
  await using subject = createPool([server.target({ name: 'w1' })], options)
  const one = specOf({ hosts: [{ ...hosts[0]!, name: 'w1' }] })
  const asked = askHealth(subject, one, { signal: never, answerMs: 1_500 })
  await expect.poll(() => server.commands.length, { interval: 1 }).toBe(1)
  for (const began = performance.now(); performance.now() - began < 2_500; );
  expect((await asked).get('w1')).not.toBeInstanceOf(HostError)
  await server[Symbol.asyncDispose]()
})
