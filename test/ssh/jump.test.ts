import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { sendMessage } from './hostile.ts'
import { newKey, startServer, type TestServer } from './server.ts'
import { hostError, output, pool } from './support.ts'

// Each machine has a key and a known_hosts entry of its own; what is said of jump hosts stands in a configuration file.
async function config(folder: string, hops: Readonly<Record<string, TestServer>>, more = ''): Promise<string> {
  const file = join(folder, 'config')
  const blocks = Object.entries(hops).map(
    ([name, hop]) =>
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${hop.port}\n  User root\n  IdentityFile ${hop.identityFile}\n  UserKnownHostsFile ${hop.knownHostsFile}\n`,
  )
  await writeFile(file, `${blocks.join('\n')}\n${more}`)
  return file
}

const unimplemented = Buffer.from([3, 0, 0, 0, 0])

describe('jump hosts', () => {
  it('lead to a host, each with a host key check and a login of its own', async () => {
    await using gateway = await startServer()
    await using server = await startServer()
    const sshConfigFile = await config(server.folder, { gw: gateway })
    await using subject = pool(server.target({ proxyJump: 'gw' }), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect([gateway.connections, server.connections]).toEqual([1, 1])
    expect(gateway.commands).toEqual([])
    expect(subject.describe('w1')?.endpoint.where).toBe(`w1 (127.0.0.1:${server.port} through gw)`)
  })

  it('are shared by all hosts behind them, and do not block each other when handshakes are few', async () => {
    await using gateway = await startServer()
    const servers = await Promise.all(Array.from({ length: 5 }, () => startServer()))
    const sshConfigFile = await config(gateway.folder, { gw: gateway })
    const targets = servers.map((server, i) => server.target({ name: `w${i}`, proxyJump: 'gw' }))
    {
      await using subject = pool(targets, { sshConfigFile, maxHandshakes: 1 })
      expect(await Promise.all(targets.map(target => output(subject, 'echo in', target.name)))).toEqual(
        Array(5).fill('in\n'),
      )
    }
    expect(gateway.connections).toBe(1)
    await Promise.all(servers.map(server => server[Symbol.asyncDispose]()))
  })

  it('are logged into by each host as its own settings say, whichever host comes first', async () => {
    await using other = await startServer()
    await using server = await startServer()
    await using gateway = await startServer({ authorizedKeys: [server.clientKey.public] })
    const proxyJump = `root@127.0.0.1:${gateway.port}`
    const getsIn = server.target({ name: 'in', proxyJump })
    const stays = other.target({ name: 'out', proxyJump })
    for (const targets of [
      [getsIn, stays],
      [stays, getsIn],
    ]) {
      await using subject = pool(targets)
      const error = hostError(output(subject, 'true', 'out'), 'login')
      expect(await output(subject, 'echo in', 'in')).toBe('in\n')
      expect((await error).message).toContain(other.identityFile)
      expect((await error).message).not.toContain(server.identityFile)
    }
  })

  it('are refused to a host with a strict policy, also where another host may take their key for a new one', async () => {
    await using server = await startServer()
    await using gateway = await startServer({ authorizedKeys: [server.clientKey.public] })
    const via = { proxyJump: `root@127.0.0.1:${gateway.port}` }
    const recorded = join(server.folder, 'recorded')
    const lax = server.target({ ...via, name: 'lax', knownHosts: { files: [recorded], policy: 'accept-new' } })
    const files = [server.knownHostsFile]
    const strict = server.target({ ...via, name: 'strict', knownHosts: { files, policy: 'strict' } })
    await using subject = pool([lax, strict])
    expect(await output(subject, 'echo in', 'lax')).toBe('in\n')
    const error = await hostError(output(subject, 'true', 'strict'), 'host key')
    expect(error.details.where).toContain(`strict, jump host root@127.0.0.1:${gateway.port}`)
    expect(error.details.problem).toContain('not known')
  })

  it('can be a chain, in cluster.yaml or in ~/.ssh/config, with user and port', async () => {
    await using first = await startServer()
    await using second = await startServer()
    await using server = await startServer()
    const { identityFile } = server
    for (const hop of [first, second]) await writeFile(hop.identityFile, hop.clientKey.private)
    const sshConfigFile = await config(
      server.folder,
      { one: first, two: second },
      `Host behind\n  HostName 127.0.0.1\n  Port ${server.port}\n  ProxyJump one,two\n`,
    )
    const { port: _port, ...target } = server.target({ address: 'behind', identityFiles: [identityFile] })
    await using subject = pool(target, { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
    expect([first.connections, second.connections, server.connections]).toEqual([1, 1, 1])
    // The keys of the target serve for a jump host that ~/.ssh/config does not know.
    await using open = await startServer({ authorizedKeys: [server.clientKey.public] })
    await using direct = pool(server.target({ proxyJump: `root@127.0.0.1:${open.port}` }))
    expect(await output(direct, 'echo in')).toBe('in\n')
    // And `none` in cluster.yaml switches it off.
    await using without = pool({ ...target, proxyJump: 'none' }, { sshConfigFile })
    expect(await output(without, 'echo in')).toBe('in\n')
    expect(first.connections).toBe(1)
  })

  it.each([
    ['do not answer keepalives', () => undefined],
    // SSH_MSG_UNIMPLEMENTED (RFC 4253, section 11.4), which ssh2 takes for no answer.
    ['say that they do not know what a keepalive is', (client: Connection) => sendMessage(client, unimplemented)],
  ])('that %s lead to all hosts behind them', async (_, answer) => {
    await using server = await startServer({ maxSessions: 100 })
    await using gateway = await startServer({
      authorizedKeys: [server.clientKey.public],
      onReady: client => {
        const { _protocol } = client as unknown as { _protocol: { _handlers: { GLOBAL_REQUEST: () => void } } }
        _protocol._handlers.GLOBAL_REQUEST = () => answer(client)
      },
    })
    const proxyJump = `root@127.0.0.1:${gateway.port}`
    const names = Array.from({ length: 10 }, (_, number) => `w${number}`)
    await using subject = pool(names.map(name => server.target({ name, proxyJump })))
    const long = `# ${'x'.repeat(60_000)}\necho in`
    expect(await Promise.all(names.map(name => output(subject, long, name)))).toEqual(names.map(() => 'in\n'))
  })

  it('with a changed host key stop every host behind them, and are named', async () => {
    await using gateway = await startServer()
    await using server = await startServer()
    await writeFile(
      gateway.knownHostsFile,
      `[127.0.0.1]:${gateway.port} ${newKey().public.split(' ').slice(0, 2).join(' ')}\n`,
    )
    const sshConfigFile = await config(server.folder, { gw: gateway })
    const targets = ['w1', 'w2'].map(name => server.target({ name, proxyJump: 'gw' }))
    await using subject = pool(targets, { sshConfigFile })
    for (const name of ['w1', 'w2']) {
      const error = await hostError(output(subject, 'true', name), 'host key')
      expect(error.host).toBe(name)
      expect(error.details.where).toBe(`${name}, jump host gw (127.0.0.1:${gateway.port})`)
    }
    expect(server.connections).toBe(0)
  })

  it('may be given weeks to connect', async () => {
    await using gateway = await startServer({ delayMs: 30 })
    await using server = await startServer()
    const sshConfigFile = await config(server.folder, { gw: gateway }, 'Host *\n  ConnectTimeout 40w\n')
    await using subject = pool(server.target({ proxyJump: 'gw', connectTimeoutMs: 2 ** 40 }), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
  })

  it('that cannot go on say from where', async () => {
    await using gateway = await startServer()
    const sshConfigFile = await config(gateway.folder, { gw: gateway })
    await using subject = pool(gateway.target({ port: 1, proxyJump: 'gw' }), { sshConfigFile })
    const error = await hostError(output(subject, 'true'), 'unreachable')
    expect(error.message).toContain('gw')
    expect(error.details.where).toBe('w1 (127.0.0.1:1 through gw)')
  })

  it('that never say that a connection through them has ended do not keep a pool from closing', async () => {
    await using gateway = await startServer({ keepsForwarded: true })
    await using server = await startServer()
    const sshConfigFile = await config(server.folder, { gw: gateway })
    const subject = pool(server.target({ proxyJump: 'gw' }), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
    const start = performance.now()
    await subject[Symbol.asyncDispose]()
    expect(performance.now() - start).toBeLessThan(6_000)
  })

  it.each([
    ['never say that a connection through them has ended', true],
    ['do', false],
  ])('that %s let a host that froze be given up, and connected to again', async (_, keepsForwarded) => {
    await using gateway = await startServer({ keepsForwarded })
    await using server = await startServer()
    const sshConfigFile = await config(server.folder, { gw: gateway })
    await using subject = pool(server.target({ proxyJump: 'gw' }), { sshConfigFile, keepaliveMs: 300 })
    expect(await output(subject, 'echo in')).toBe('in\n')
    const work = hostError(output(subject, 'sleep 5'), 'lost')
    await expect.poll(() => server.commands.length).toBe(2)
    server.freeze()
    expect((await work).message).toContain('no sign of life any more')
    expect(await output(subject, 'echo in again')).toBe('in again\n')
    expect([gateway.connections, server.connections]).toEqual([1, 2])
  })

  it('that are lost are connected to again', async () => {
    await using gateway = await startServer()
    await using server = await startServer()
    const sshConfigFile = await config(server.folder, { gw: gateway })
    await using subject = pool(server.target({ proxyJump: 'gw' }), { sshConfigFile })
    expect(await output(subject, 'echo in')).toBe('in\n')
    gateway.dropConnections()
    await expect.poll(() => subject.describe('w1')).toBeUndefined()
    expect(await output(subject, 'echo in again')).toBe('in again\n')
    expect(gateway.connections).toBe(2)
  })
})
