import type { ClientChannel } from 'ssh2'
import { UserError } from '../core/errors.ts'
import type { Decoder } from '../shell/decode.ts'
import type { RemoteGroup } from '../shell/remote-group.ts'
import { type ChannelEnd, channelClosed } from './channel.ts'
import { type Connection, NotOpened, Unanswered } from './connection.ts'
import { hostError } from './failure.ts'
import { endRunning } from './kill.ts'
import { openAsRoot, type RootState } from './root-channel.ts'
import { mayWantPassword, type RootMode, type RootProgram, rootCommand, rootError } from './sudo.ts'

/** Sudo asks for the password unexpectedly; the same part has to be sent again with it. */
export class WantsPassword extends Error {}

/** The state of one exchange while it runs. */
export interface Carrier {
  readonly connection: Connection
  readonly root: RootState
  readonly decoder: Decoder
  /** Aborted by the user's signal or by the exchange's time-out. */
  readonly signal: AbortSignal
  /** The user's signal alone. */
  readonly stopped: AbortSignal
  /** True when the request has no steps, so that nothing has to be ended before the run goes on. */
  readonly readsOnly: boolean
  /** Set by the decoder's hook when a script begins. */
  group: RemoteGroup | undefined
  /** True once any part of the exchange has begun on the host. */
  begun: boolean
  /** Why it is unknown whether the remote processes were ended; undefined when they were. */
  left: string | undefined
}

/**
 * Runs one program as root and feeds the decoder until both streams have ended. `feed` writes the stdin of the program.
 * Rejects with HostError (`lost`, `root`), with WantsPassword, or with the signal's reason once the remote processes are gone.
 */
export async function carryPart(
  carrier: Carrier,
  program: RootProgram,
  feed: (channel: ClientChannel, ended: Promise<unknown>) => Promise<void> | void,
): Promise<void> {
  const { connection, root, decoder, signal } = carrier
  carrier.group = undefined
  decoder.startPart()
  let mode = root.mode
  const command = (tried: RootMode): string => {
    mode = tried
    return rootCommand(mode, program)
  }
  const channel = await openAsRoot(connection, root, command, { signal }).catch(error => {
    if (!(error instanceof Unanswered)) throw error
    // The program may have begun, but its script travels on stdin, and none of that was sent.
    signal.throwIfAborted()
    throw new NotOpened(error.message, { cause: error })
  })
  if (signal.aborted) {
    // Nothing was sent to the program, so closing the channel ends it.
    channel.close()
    throw signal.reason
  }
  const closed = channelClosed(channel)
  let onAbort: (() => void) | undefined
  let ended: Promise<unknown> = Promise.resolve()
  let broken: unknown
  const finished = new Promise<void>((resolve, reject) => {
    const take = (stream: 'stdout' | 'stderr') => (chunk: Buffer) => {
      if (broken !== undefined) return
      try {
        decoder.feed(stream, chunk)
      } catch (error) {
        broken = error
        reject(error)
      }
      if (decoder.ended) resolve()
    }
    channel.on('data', take('stdout'))
    channel.stderr.on('data', take('stderr'))
    void closed.then(() => resolve())
    onAbort = () => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    // When a file can no longer be sent, the way in which the part ended says more than the failed write.
    await Promise.all([
      finished,
      Promise.resolve(
        feed(
          channel,
          finished.catch(() => undefined),
        ),
      ),
    ])
    if (!decoder.ended) throw endedEarly(carrier, mode, await closed)
  } catch (error) {
    if (!(error instanceof UserError || error instanceof WantsPassword)) {
      const ending = endRunning(connection, root, () => carrier.group, closed)
      ended = ending
      // A host that breaks its bounds may not answer here either, and a request that only reads does no harm.
      if (carrier.readsOnly && !carrier.stopped.aborted) carrier.left = 'it is being ended'
      else carrier.left = await ending
    }
    throw error
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    void ended.then(() => channel.close())
  }
}

// The channel closed without the end marker. Another exchange may have found out how to become root in the meantime.
function endedEarly({ connection, root, decoder }: Carrier, mode: RootMode, { exitCode }: ChannelEnd): Error {
  const { endpoint } = connection
  if (!decoder.begun && exitCode !== undefined) {
    const raw = { exitCode, stdout: decoder.noise('stdout'), stderr: decoder.noise('stderr') }
    if (mode === 'sudo' && root.password !== undefined && mayWantPassword(exitCode, raw.stderr))
      return new WantsPassword()
    return rootError(endpoint, mode, raw)
  }
  const how = connection.alive
    ? `the shell there ended${exitCode === undefined ? '' : ` with exit code ${exitCode}`} before it was done`
    : connection.endReason()
  return hostError(endpoint, 'lost', {
    problem: 'the connection was lost during an exchange; its outcome is unknown',
    expected: 'the end of the script',
    actual: decoder.begun ? `${how}; last heard: ${decoder.running()}` : how,
    next: 'Run the same command again: it first reads the state of the host.',
  })
}
