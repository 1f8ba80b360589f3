import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2, { type Algorithms, type AuthContext, type Connection, type ParsedKey, type ServerChannel } from 'ssh2'
import type { SshTarget } from '../../src/core/ssh-target.ts'
import { fakeSudo, type SudoBehaviour } from './fake-sudo.ts'

export interface KeyPair {
  readonly private: string
  readonly public: string
}

/** A new key pair in OpenSSH's formats. */
export function newKey(type: 'ed25519' | 'rsa' | 'ecdsa' = 'ed25519', passphrase?: string): KeyPair {
  const options = passphrase === undefined ? {} : { passphrase, cipher: 'aes256-ctr' as const, rounds: 4 }
  // The typings want different options for each type; at run time they are the same.
  const bits = type === 'rsa' ? { bits: 2048 } : type === 'ecdsa' ? { bits: 256 } : {}
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync(type as 'rsa', { ...bits, ...options } as { bits: number })
    // One ed25519 key in 256 comes out malformed: ssh2 drops the zero that its public half begins with.
    const parsed: unknown = ssh2.utils.parseKey(pair.private, passphrase)
    if (!(parsed instanceof Error)) return { private: pair.private, public: pair.public }
  }
}

export interface ServerOptions {
  /** Default: one new ed25519 key. */
  readonly hostKeys?: readonly (string | ParsedKey)[]
  /** Public keys that let in. Default: the server's own client key (`clientKey`). */
  readonly authorizedKeys?: readonly string[]
  readonly password?: string
  /** Methods that are said to be accepted; default publickey, and what is configured. */
  readonly keyboardInteractive?: string
  /** Shown before the login. */
  readonly banner?: string
  /** So many logins are closed without a word once the key or password was right, as by pam_nologin. */
  readonly closeAfterProof?: number
  /** The right password has expired: another one is asked for. */
  readonly passwordExpired?: boolean
  /** After the right answer, what keyboard-interactive asks next; what is answered is in `answers`. */
  readonly thenAsks?: string
  /** Algorithms of the server, e.g. `{ kex: ['…'] }`. */
  readonly algorithms?: Algorithms
  /** Key and then password. */
  readonly twoFactors?: boolean
  /** Default `no password`. */
  readonly sudo?: SudoBehaviour
  /** Uid of who logs in, as `id -u` says it. Default 1000. */
  readonly uid?: number
  /** Printed on stdout before every command, as a careless .bashrc does. */
  readonly motd?: string
  /** Channels open at a time on a connection; more are refused. Default 10, as sshd's MaxSessions. */
  readonly maxSessions?: number
  /** So many connections are closed before anything is said, as beyond MaxStartups. */
  readonly refuseFirst?: number
  /** One-way delay of every packet, ms. */
  readonly delayMs?: number
  /** Tries at a login before the server ends the connection. Default 6, as sshd's MaxAuthTries. */
  readonly maxAuthTries?: number
  /** The home folder of whoever logs in; public keys in its .ssh/authorized_keys let in, too. Default: the tests' own. */
  readonly home?: string
  /** As a jump host, it never says that a forwarded connection has ended, whoever ends it. */
  readonly keepsForwarded?: boolean
  /** As a jump host, it takes the place of the host that a connection is made to. */
  readonly onForwarded?: (channel: ServerChannel, client: Connection) => void
  /** Answers commands in the place of the shell. */
  readonly answer?: (channel: ServerChannel, client: Connection) => Promise<void> | void
  /** Commands that are asked for are never answered. */
  readonly answersNoExec?: boolean
  /** Software that it says it is. Default: ssh2's. */
  readonly ident?: string
  /** Answers the question whether a key would do, in the place of the server; signatures of it are counted, and not answered. */
  readonly onKey?: (client: Connection) => void
  /** Called when somebody is logged in. */
  readonly onReady?: (client: Connection) => void
  /** The largest packet that it takes in a channel, bytes. Default: ssh2's, 32 KiB. */
  readonly packetBytes?: number
  /** The shell that commands are given to. Default /bin/sh. */
  readonly shell?: string
}

/** An SSH server in this process that runs the local shell, with the manners of sshd and the faults that tests ask for. */
export class TestServer implements AsyncDisposable {
  readonly port: number
  /** A folder of its own, removed at the end. */
  readonly folder: string
  readonly clientKey: KeyPair
  readonly identityFile: string
  readonly hostKeys: readonly ParsedKey[]
  /** Every command that was run. */
  readonly commands: string[] = []
  connections = 0
  openChannels = 0
  mostChannels = 0
  /** What was answered to `thenAsks`. */
  readonly answers: string[] = []
  toClose = 0
  /** Signatures that came with `onKey`. */
  signatures = 0
  /** When set, the connection is cut once, when a channel is asked for, or when a command is: that one runs all the same. */
  cutAt: 'session' | 'exec' | undefined
  /** When set, channels of these commands are closed at once and without an exit status. */
  closeWithoutExit = false
  readonly #sockets: Set<Socket>
  readonly #closing: NetServer[]

  constructor(parts: {
    port: number
    folder: string
    clientKey: KeyPair
    hostKeys: readonly ParsedKey[]
    sockets: Set<Socket>
    closing: NetServer[]
  }) {
    this.port = parts.port
    this.folder = parts.folder
    this.clientKey = parts.clientKey
    this.identityFile = join(parts.folder, 'id')
    this.hostKeys = parts.hostKeys
    this.#sockets = parts.sockets
    this.#closing = parts.closing
  }

  get knownHostsFile(): string {
    return join(this.folder, 'known_hosts')
  }

  /** The sudo runs so far are noted here. */
  get sudoLog(): string {
    return join(this.folder, 'sudo.log')
  }

  /** A target that reaches this server with its own key; its host key is recorded on first use. */
  target(overrides: Partial<SshTarget> = {}): SshTarget {
    return {
      name: 'w1',
      address: '127.0.0.1',
      port: this.port,
      user: 'root',
      identityFiles: [this.identityFile],
      agent: false,
      knownHosts: { files: [this.knownHostsFile], policy: 'accept-new' },
      connectTimeoutMs: 10_000,
      ...overrides,
    }
  }

  /** Cuts all connections without a word. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Goes on holding the connections, but hears nothing any more: a dead link. */
  freeze(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await Promise.all(this.#closing.map(server => new Promise(resolve => server.close(resolve))))
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'evcctl-ssh-'))
  const clientKey = newKey()
  await writeFile(join(folder, 'id'), clientKey.private, { mode: 0o600 })
  const hostKeyTexts = options.hostKeys ?? [newKey().private]
  const sudo = await fakeSudo(folder, options.sudo ?? 'no password', options.uid ?? 1000)
  const authorized = (options.authorizedKeys ?? [clientKey.public]).map(text => ssh2.utils.parseKey(text) as ParsedKey)
  const sockets = new Set<Socket>()
  const { banner, algorithms, ident } = options
  const settings = {
    ...(banner !== undefined && { banner }),
    ...(ident !== undefined && { ident }),
    ...(algorithms !== undefined && { algorithms }),
  }
  const ssh = new ssh2.Server(
    { hostKeys: hostKeyTexts.map(key => (typeof key === 'string' ? key : { key: key as never })), ...settings },
    client => {
      serveClient(client, server, options, authorized, sudo.path)
    },
  )
  ssh.on('error', () => undefined)
  let toRefuse = options.refuseFirst ?? 0
  const front = createServer({ noDelay: true }, socket => {
    server.connections++
    socket.on('error', () => undefined)
    if (toRefuse-- > 0) {
      socket.end('Exceeded MaxStartups\r\n')
      socket.resume()
      return
    }
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    ssh.injectSocket(socket)
  })
  const closing = [front]
  let port = await listen(front)
  if (options.delayMs !== undefined) {
    const slow = delayingProxy(port, options.delayMs, sockets)
    closing.push(slow)
    port = await listen(slow)
  }
  const hostKeys = hostKeyTexts.map(text => ssh2.utils.parseKey(text) as ParsedKey)
  const server = new TestServer({ port, folder, clientKey, hostKeys, sockets, closing })
  server.toClose = options.closeAfterProof ?? 0
  return server
}

async function listen(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function delayingProxy(port: number, delayMs: number, sockets: Set<Socket>): NetServer {
  return createServer({ noDelay: true }, near => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => setTimeout(() => to.destroy(), delayMs))
      from.on('data', chunk => setTimeout(() => to.writable && to.write(chunk), delayMs))
    }
  })
}

function keysAtHome(home: string | undefined): ParsedKey[] {
  const file = home === undefined ? undefined : join(home, '.ssh', 'authorized_keys')
  if (file === undefined || !existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.map(line => ssh2.utils.parseKey(line) as ParsedKey).filter(key => !(key instanceof Error))
}

function cut(client: Connection): void {
  ;(client as unknown as { _sock: Socket })._sock.destroy()
}

// As sshd does: the command begins before the answer to its request is on its way.
function runUnanswered(command: string, shell = '/bin/sh', path: string): void {
  spawn(shell, ['-c', command], { stdio: ['ignore', 'ignore', 'ignore'], env: { ...process.env, PATH: path } })
}

function serveClient(
  client: Connection,
  server: TestServer,
  options: ServerOptions,
  authorized: readonly ParsedKey[],
  path: string,
): void {
  client.on('error', () => undefined)
  if (options.packetBytes !== undefined) {
    const { _protocol } = client as unknown as { _protocol: { channelOpenConfirm: (...numbers: number[]) => void } }
    const confirm = _protocol.channelOpenConfirm.bind(_protocol)
    _protocol.channelOpenConfirm = (remote, local) => confirm(remote!, local!, 0x7fffffff, options.packetBytes!)
  }
  let tries = 0
  let keyAccepted = false
  const methods = (): ('publickey' | 'password' | 'keyboard-interactive')[] => [
    ...(keyAccepted ? [] : ['publickey' as const]),
    ...(options.password === undefined || (options.twoFactors === true && !keyAccepted) ? [] : ['password' as const]),
    ...(options.keyboardInteractive === undefined ? [] : ['keyboard-interactive' as const]),
  ]
  const refuse = (context: AuthContext, partial = false): void => {
    if (!partial && context.method !== 'none' && ++tries >= (options.maxAuthTries ?? 6)) {
      // As sshd says it: SSH_DISCONNECT_PROTOCOL_ERROR, "Too many authentication failures".
      ;(client as unknown as { _protocol: { disconnect(reason: number): void } })._protocol.disconnect(2)
      return
    }
    context.reject(methods(), partial)
  }
  const accept = (context: AuthContext): void => {
    if (server.toClose-- <= 0) context.accept()
    else cut(client)
  }
  client.on('authentication', context => {
    if (context.method === 'publickey' && options.onKey !== undefined) {
      if (context.signature !== undefined) server.signatures++
      else if (tries++ === 0) options.onKey(client)
    } else if (context.method === 'publickey') {
      const key = [...authorized, ...keysAtHome(options.home)].find(key => key.getPublicSSH().equals(context.key.data))
      if (key === undefined) refuse(context)
      else if (context.signature === undefined || context.blob === undefined) context.accept()
      else if (key.verify(context.blob, context.signature, context.hashAlgo) !== true) refuse(context)
      else if (options.twoFactors === true) {
        keyAccepted = true
        refuse(context, true)
      } else accept(context)
    } else if (context.method === 'password') {
      const right = options.password !== undefined && context.password === options.password
      if (right && options.passwordExpired === true)
        context.requestChange('Your password has expired.', () => refuse(context))
      else if (right && (options.twoFactors !== true || keyAccepted)) accept(context)
      else refuse(context)
    } else if (context.method === 'keyboard-interactive' && options.keyboardInteractive !== undefined) {
      context.prompt([{ prompt: 'Password: ', echo: false }], answers => {
        if (answers[0] === options.keyboardInteractive && options.thenAsks !== undefined)
          context.prompt([{ prompt: options.thenAsks, echo: false }], more => {
            server.answers.push(...more)
            refuse(context)
          })
        else if (answers[0] === options.keyboardInteractive) context.accept()
        else refuse(context)
      })
    } else refuse(context)
  })
  client.on('ready', () => {
    options.onReady?.(client)
    let ofConnection = 0
    client.on('session', (accept, reject) => {
      if (server.cutAt === 'session') {
        server.cutAt = undefined
        cut(client)
        return
      }
      if (ofConnection >= (options.maxSessions ?? 10)) {
        reject()
        return
      }
      ofConnection++
      server.openChannels++
      server.mostChannels = Math.max(server.mostChannels, server.openChannels)
      const session = accept()
      session.once('close', () => {
        ofConnection--
        server.openChannels--
      })
      session.on('exec', (acceptExec, _rejectExec, info) => {
        server.commands.push(info.command)
        if (server.cutAt === 'exec') {
          server.cutAt = undefined
          runUnanswered(info.command, options.shell, path)
          cut(client)
          return
        }
        if (options.answersNoExec === true) return
        if (options.answer === undefined) runCommand(acceptExec(), info.command, server, options, path)
        else
          void Promise.resolve(
            options.answer(
              acceptExec().on('error', () => undefined),
              client,
            ),
          ).catch(() => undefined)
      })
    })
    client.on('tcpip', (accept, reject, info) => {
      if (options.onForwarded !== undefined) {
        options.onForwarded(
          accept().on('error', () => undefined),
          client,
        )
        return
      }
      const socket = connect({ host: info.destIP, port: info.destPort, noDelay: true })
      socket.once('error', () => reject())
      socket.once('connect', () => {
        const channel = accept()
        if (options.keepsForwarded === true) {
          const { _protocol } = client as unknown as { _protocol: Record<'channelClose' | 'channelEOF', () => void> }
          _protocol.channelClose = _protocol.channelEOF = () => undefined
        }
        socket.on('error', () => channel.close())
        channel.on('error', () => undefined)
        channel.pipe(socket).pipe(channel)
      })
    })
  })
}

// ssh2's server mixes up stdout and stderr once the client's window of 2 MiB is full: keep one of them small in tests.
// As sshd does without a terminal: a session of its own for each command, pipes, and nothing is killed when the channel closes.
function runCommand(
  channel: ServerChannel,
  command: string,
  server: TestServer,
  options: ServerOptions,
  path: string,
): void {
  channel.on('error', () => undefined)
  if (server.closeWithoutExit) {
    channel.close()
    return
  }
  if (options.motd !== undefined) channel.write(options.motd)
  const shell = options.shell ?? '/bin/sh'
  const home = options.home === undefined ? {} : { HOME: options.home }
  const env = { ...process.env, ...home, PATH: path, SHELL: shell }
  const child = spawn(shell, ['-c', command], { detached: true, env })
  child.stdin.on('error', () => undefined)
  channel.pipe(child.stdin)
  child.stdout.pipe(channel, { end: false })
  child.stderr.pipe(channel.stderr, { end: false })
  channel.on('close', () => closePipes(child))
  child.on('close', (code, signal) => {
    // What waits for the client's window is lost once the channel has ended.
    channel.stderr.end(() => {
      if (signal !== null) channel.exit(signal.replace('SIG', ''))
      else channel.exit(code ?? 0)
      channel.end()
    })
  })
}

function closePipes(child: ChildProcess): void {
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.stderr?.destroy()
}
