import { createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { readSshConfig } from '../../src/ssh/config/index.ts'
import { connect } from '../../src/ssh/connect.ts'
import { diagnose } from '../../src/ssh/index.ts'
import { KeyRing } from '../../src/ssh/keys.ts'
import { KnownHostsStore } from '../../src/ssh/known-hosts-store.ts'
import { resolveTarget } from '../../src/ssh/resolve.ts'
import { startServer, type TestServer } from './server.ts'
import { hostError, output, pool, signal } from './support.ts'

async function reachError(server: TestServer, overrides: Parameters<TestServer['target']>[0]) {
  await using subject = pool(server.target(overrides))
  return await hostError(output(subject, 'true'), 'unreachable')
}

/** A server that is no SSH server: it does with each connection what it is told. */
async function listener(serve: (socket: Socket) => void): Promise<AsyncDisposable & { port: number }> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

describe('a host that cannot be reached', () => {
  it('has a reason, and a command that shows more', async () => {
    await using server = await startServer()
    const refused = await reachError(server, { port: 1 })
    expect(refused.details).toMatchObject({
      where: 'w1 (127.0.0.1:1)',
      next: expect.stringContaining('nc -vz 127.0.0.1 1'),
    })
    expect(refused.details.problem).toContain('nothing listens on port 1')
    const unknown = await reachError(server, { address: 'no-such-host.invalid' })
    expect(unknown.details).toMatchObject({ next: 'getent hosts no-such-host.invalid' })
    expect(unknown.details.problem).toMatch(/not found in DNS/)
    expect(unknown.exitCode).toBe(4)
  })

  it('is given up after the connect time-out, whichever part hangs', async () => {
    await using server = await startServer()
    await using silent = await listener(() => undefined)
    const hung = await reachError(server, { port: silent.port, connectTimeoutMs: 300 })
    expect(hung.details.problem).toContain('the SSH handshake did not end within 0.3 s')
  })

  it('that speaks something else is told apart from one that is down', async () => {
    await using server = await startServer()
    await using web = await listener(socket => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const error = await reachError(server, { port: web.port, connectTimeoutMs: 20_000 })
    expect(error.details.problem).toMatch(/SSH/)
    await using old = await listener(socket => socket.write('SSH-1.5-old\r\n'))
    expect((await reachError(server, { port: old.port })).details.problem).toContain('does not speak SSH')
  }, 20_000)

  it('because it drops connections beyond MaxStartups is tried again', async () => {
    await using server = await startServer({ refuseFirst: 2 })
    await using subject = pool(server.target())
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect(server.connections).toBe(3)
    await using closed = await startServer({ refuseFirst: 1000 })
    expect((await reachError(closed, {})).details).toMatchObject({
      problem: expect.stringContaining('before the SSH handshake'),
      next: expect.stringContaining('MaxStartups'),
    })
  }, 20_000)
})

describe('many hosts', () => {
  it('are connected with a cap on handshakes in flight', async () => {
    const servers = await Promise.all(Array.from({ length: 6 }, () => startServer({ delayMs: 5 })))
    const targets = servers.map((server, i) => server.target({ name: `w${i}` }))
    let connected = 0
    {
      await using subject = pool(targets, { maxHandshakes: 2, onConnected: () => connected++ })
      await Promise.all(targets.map(target => output(subject, 'true', target.name)))
      // Two sessions of one host share a connection.
      await Promise.all([subject.session('w0', signal), subject.session('w0', signal)])
    }
    expect(connected).toBe(6)
    expect(servers.map(server => server.connections)).toEqual(Array(6).fill(1))
    await Promise.all(servers.map(server => server[Symbol.asyncDispose]()))
  })
})

describe('a connection that is reset at once', () => {
  // Nobody listened to the socket meanwhile: the reset ended the process.
  class SlowStore extends KnownHostsStore {
    override async find(...args: Parameters<KnownHostsStore['find']>) {
      await sleep(50)
      return super.find(...args)
    }
  }

  it('is an error of the host, however long known_hosts and keys take to read', async () => {
    await using server = await startServer()
    await using resetting = await listener(socket => void setTimeout(() => socket.resetAndDestroy(), 20))
    const endpoint = resolveTarget(server.target({ port: resetting.port }), readSshConfig('/nonexistent'))
    const services = { knownHosts: new SlowStore(), keys: new KeyRing(), keepaliveMs: 15_000 }
    const error = await hostError(connect(endpoint, services, undefined, signal), 'unreachable')
    expect(error.details.problem).toContain('closes connections')
  })
})

describe('diagnose', () => {
  const results = (steps: readonly { readonly name: string; readonly result: string }[]): string[] =>
    steps.map(step => `${step.name} ${step.result}`)

  it('tells how a host was reached, logged into and made root', async () => {
    await using server = await startServer()
    const check = await diagnose(server.target({ user: 'ubuntu' }), { signal, sshConfigFile: '/nonexistent' })
    expect(check).toMatchObject({ host: 'w1', ok: true, via: 'sudo' })
    expect(check.latencyMs).toBeGreaterThanOrEqual(0)
    expect(check.steps).toEqual([
      { name: 'reachable', result: 'ok', found: `127.0.0.1:${server.port}` },
      { name: 'hostKey', result: 'ok', found: expect.stringMatching(/^ssh-ed25519 SHA256:\S+, recorded now$/) },
      { name: 'login', result: 'ok', found: `ubuntu, key ${server.identityFile} (ssh-ed25519)` },
      { name: 'root', result: 'ok', found: 'sudo' },
    ])
  })

  it('stops at the first thing that does not work', async () => {
    await using server = await startServer({ sudo: 'missing' })
    const check = async (overrides: Parameters<TestServer['target']>[0], acceptNewHostKeys = false) =>
      diagnose(server.target(overrides), { signal, acceptNewHostKeys, sshConfigFile: '/nonexistent' })
    const strict = { files: [server.knownHostsFile], policy: 'strict' } as const
    expect(results((await check({ port: 1 })).steps)).toEqual([
      'reachable failed',
      'hostKey not tried',
      'login not tried',
      'root not tried',
    ])
    const unknown = await check({ knownHosts: strict })
    expect(results(unknown.steps)).toEqual(['reachable ok', 'hostKey failed', 'login not tried', 'root not tried'])
    expect(unknown.steps[1]?.error?.problem).toContain('not known')
    const login = await check({ knownHosts: strict, identityFiles: [] }, true)
    expect(results(login.steps)).toEqual(['reachable ok', 'hostKey ok', 'login failed', 'root not tried'])
    const root = await check({ user: 'ubuntu' })
    expect(results(root.steps)).toEqual(['reachable ok', 'hostKey ok', 'login ok', 'root failed'])
    expect(root).toMatchObject({ ok: false })
  })
})
