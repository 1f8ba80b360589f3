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

/** Sudo wants the password after all: the part is to be sent again. */
export class WantsPassword extends Error {}

/** What one exchange has in hand while it runs. */
export interface Carrier {
  readonly connection: Connection
  readonly root: RootState
  readonly decoder: Decoder
  /** Aborted by the user's signal or by the exchange's time-out. */
  readonly signal: AbortSignal
  /** The user's signal alone. */
  readonly stopped: AbortSignal
  /** There are no steps: nothing that has to be ended before one goes on. */
  readonly readsOnly: boolean
  /** Set by the decoder's hook when a script begins. */
  group: RemoteGroup | undefined
  /** True once any part of the exchange has begun on the host. */
  begun: boolean
  /** Why it is not known that what ran was ended; undefined when it was. */
  left: string | undefined
}

/**
 * Runs one program as root and feeds the decoder until both streams have come to their end. `feed` writes its stdin.
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
    // It may have begun, but what it is to do travels on its stdin, and nothing of that was sent.
    signal.throwIfAborted()
    throw new NotOpened(error.message, { cause: error })
  })
  if (signal.aborted) {
    // Nothing was sent to it, so closing it ends it.
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
    // A file that can no longer be sent is no error of its own: how the part ended says more.
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
      // A host that does not keep to its bounds may not answer here either, and what only reads does no harm.
      if (carrier.readsOnly && !carrier.stopped.aborted) carrier.left = 'it is being ended'
      else carrier.left = await ending
    }
    throw error
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
    void ended.then(() => channel.close())
  }
}

// The channel closed without the end marker. Another exchange may have learned how to become root since it was opened.
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
    next: 'Run the same command again: it looks at what is there first.',
  })
}
