import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import type { ClientChannel } from 'ssh2'
import { HostError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import { ownValue } from '../core/own-value.ts'
import { Whole } from '../shell/collectors.ts'
import { TooMuch } from '../shell/protocol-error.ts'
import { quote } from '../shell/quote.ts'
import { type RemoteGroup, remoteGroup } from '../shell/remote-group.ts'
import { type ChannelEnd, channelClosed } from './channel.ts'
import { type Connection, NotOpened, Unanswered } from './connection.ts'
import { cancelledError, endText, hostError, notOpenedError, unansweredError } from './failure.ts'
import { endRunning } from './kill.ts'
import { openAsRoot, type RootState } from './root-channel.ts'
import { mayWantPassword, type RootMode, rootError, rootProgram } from './sudo.ts'

export interface RunOptions {
  /** The command for the login shell of the user, or for /bin/sh as root. It is visible in `ps` on the host. */
  readonly command: string
  readonly sudo: boolean
  /** Aborting it ends the command's process group on the host. */
  readonly signal: AbortSignal
  readonly onStdout: (chunk: Buffer) => void
  readonly onStderr: (chunk: Buffer) => void
  /**
   * Asked after each chunk: what has to end before more is taken, if anything. Until then the host is not told to go on
   * sending, and the command waits as one does whose pipe is full. What rejects has ended too; its error is the caller's.
   */
  readonly backlog?: () => Promise<void> | undefined
  /** Default: empty. */
  readonly stdin?: Readable
}

export interface RunResult {
  /** The exit code of the command; 128 + n when signal n ended it. */
  readonly exitCode: number
}

/**
 * Runs a command unchanged and passes its output on while it runs. Rejects with HostError, or with NotOpened when the
 * connection was gone before the command was sent. The command travels with the request to run it, so a caller that tries
 * again after any other error may run it twice.
 */
export async function runCommand(connection: Connection, root: RootState, options: RunOptions): Promise<RunResult> {
  const { endpoint } = connection
  try {
    return await runOnce(connection, root, options)
  } catch (error) {
    if (error instanceof PasswordNeeded) {
      root.mode = 'sudo with password'
      return runCommand(connection, root, options)
    }
    if (error instanceof HostError) throw error
    if (error instanceof TooMuch)
      throw hostError(endpoint, 'protocol', { problem: error.message, expected: error.expected }, error)
    if (error instanceof Unanswered && options.signal.aborted)
      throw cancelledError(endpoint, 'cancelled; it is unknown whether the command ran', error)
    if (error instanceof Unanswered)
      throw unansweredError(endpoint, connection.alive ? error.message : connection.endReason(), error)
    if (options.signal.aborted) throw cancelledError(endpoint, 'cancelled before the command ran', error)
    if (error instanceof NotOpened && connection.alive) throw notOpenedError(endpoint, error.message, error)
    throw error
  }
}

class PasswordNeeded extends Error {}

async function runOnce(connection: Connection, root: RootState, options: RunOptions): Promise<RunResult> {
  const { endpoint } = connection
  const { signal } = options
  const nonce = randomBytes(8).toString('hex')
  // The first line on stderr tells where to end it; the rest is the command's own.
  const announce = `read -r evcctl_stat </proc/$$/stat; echo "${nonce} $evcctl_stat" >&2; unset evcctl_stat evcctl_line`
  const asUser = `/bin/sh -c ${quote(`${announce}; exec "\${SHELL:-/bin/sh}" -c "$1"`)} sh ${quote(options.command)}`
  // Another command may have learned how to become root by the time that this one has ended.
  let mode = root.mode
  const asRoot = (tried: RootMode): string => {
    mode = tried
    return rootProgram(mode, `${announce}; exec /bin/sh -c "$1"`, options.command)
  }
  const channel = options.sudo
    ? await openAsRoot(connection, root, asRoot, { signal })
    : await connection.exec(asUser, { signal })
  // A command that is to be ended is read to its end, but what nobody takes is not kept.
  const passing = (pass: (chunk: Buffer) => void) => (chunk: Buffer) => {
    if (!signal.aborted || endOfBacklog(options) === undefined) pass(chunk)
  }
  const begin = new Beginning(nonce, passing(options.onStderr))
  const onStdout = passing(options.onStdout)
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  channel.on('data', (chunk: Buffer) => {
    onStdout(chunk)
    holdBack(channel, options)
  })
  channel.stderr.on('data', (chunk: Buffer) => {
    try {
      begin.feed(chunk)
      holdBack(channel.stderr, options)
    } catch (error) {
      broken.reject(error)
    }
  })
  const closed = channelClosed(channel)
  feedStdin(channel, options.stdin, closed)
  let onAbort: (() => void) | undefined
  const aborted = new Promise<undefined>(resolve => {
    onAbort = () => resolve(undefined)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  let end: ChannelEnd | undefined
  try {
    end = await Promise.race([closed, aborted, broken.promise])
    if (end === undefined) {
      const unknown = await endRunning(connection, options.sudo ? root : 'user', () => begin.group, closed)
      throw cancelledError(endpoint, `cancelled; ${endText('the command', unknown)}`)
    }
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    // The server may go on sending: what comes from here on is dropped.
    for (const stream of [channel, channel.stderr]) stream.removeAllListeners('data').resume()
    channel.close()
  }
  const exitCode = end.exitCode ?? signalCode(end.signal)
  if (exitCode === undefined)
    throw hostError(endpoint, 'lost', {
      problem: 'the connection was lost while the command ran; its outcome is unknown',
      actual: connection.alive ? 'the channel closed without an exit code' : connection.endReason(),
    })
  if (options.sudo && begin.group === undefined) {
    const raw = { exitCode, stdout: '', stderr: begin.noise }
    if (mode === 'sudo' && root.password !== undefined && mayWantPassword(exitCode, begin.noise))
      throw new PasswordNeeded()
    throw rootError(endpoint, mode, raw)
  }
  if (begin.group === undefined) options.onStderr(Buffer.from(begin.noise))
  return { exitCode }
}

// A command that is to be ended is read to its end: its channel closes only then. No more waits here than takeData() allows.
function holdBack(stream: Readable, options: RunOptions): void {
  const { signal } = options
  const waiting = signal.aborted ? undefined : endOfBacklog(options)
  if (waiting === undefined) return
  stream.pause()
  const goOn = () => {
    signal.removeEventListener('abort', goOn)
    stream.resume()
  }
  signal.addEventListener('abort', goOn, { once: true })
  void waiting.then(goOn)
}

function endOfBacklog({ backlog }: RunOptions): Promise<void> | undefined {
  return backlog?.()?.catch(() => undefined)
}

function signalCode(name: string | undefined): number | undefined {
  return name === undefined ? undefined : 128 + (ownValue(constants.signals as Record<string, number>, name) ?? 0)
}

function feedStdin(channel: ClientChannel, stdin: Readable | undefined, closed: Promise<unknown>): void {
  if (stdin === undefined) {
    channel.end()
    return
  }
  stdin.pipe(channel)
  void closed.then(() => stdin.unpipe(channel))
}

/** Takes the announcing line out of stderr, and with it what sudo prints before the command runs. Raises TooMuch. */
class Beginning {
  readonly #nonce: string
  readonly #pass: (chunk: Buffer) => void
  readonly #held = new Whole()
  group: RemoteGroup | undefined

  constructor(nonce: string, pass: (chunk: Buffer) => void) {
    this.#nonce = nonce
    this.#pass = pass
  }

  get noise(): string {
    return this.#held.text()
  }

  feed(chunk: Buffer): void {
    if (this.group !== undefined) {
      this.#pass(chunk)
      return
    }
    if (this.#held.length + chunk.length > limits.preludeBytes)
      throw new TooMuch('what is printed before the command begins', limits.preludeBytes)
    this.#held.add(chunk)
    const bytes = this.#held.bytes()
    const at = bytes.indexOf(`${this.#nonce} `)
    const end = at < 0 ? -1 : bytes.indexOf('\n', at)
    if (end < 0) return
    const stat = bytes.toString('latin1', at + this.#nonce.length + 1, end)
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
    // proc_pid_stat(5): pid, (name), state, parent, group, … and the start time as the 22nd.
    this.group = remoteGroup(stat.split(' ')[0], fields[19], fields[2])
    const rest = bytes.subarray(end + 1)
    if (rest.length > 0) this.#pass(rest)
  }
}
