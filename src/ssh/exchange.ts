import { randomBytes } from 'node:crypto'
import { Deadline } from '../core/deadline.ts'
import { HostError } from '../core/errors.ts'
import type { ExchangeOptions, ExchangeReply, ExchangeRequest, Fence } from '../core/host.ts'
import { type Limits, limits } from '../core/limits.ts'
import { presentableText } from '../core/shown.ts'
import { Decoder } from '../shell/decode.ts'
import { fenceFileOf } from '../shell/fence-functions.ts'
import { ProtocolError, TooMuch } from '../shell/protocol-error.ts'
import type { RemoteGroup } from '../shell/remote-group.ts'
import { compileExchange, type Script } from '../shell/script.ts'
import { Fenced } from '../shell/stream.ts'
import { type Carrier, carryPart, WantsPassword } from './carrier.ts'
import { type Connection, NotOpened } from './connection.ts'
import { cancelledError, endText, hostError, notOpenedError, sshCommand } from './failure.ts'
import { pushFile, Stalled } from './push.ts'
import type { RootState } from './root-channel.ts'

class TimedOut extends Error {}

/** The host was silent for longer than the running probe or step may take. */
class Silent extends Error {}

/**
 * Sends all parts of a request over a connection, in order. Rejects with HostError, or with NotOpened when the connection
 * was gone before anything was sent.
 */
export async function exchange(
  connection: Connection,
  root: RootState,
  request: ExchangeRequest,
  options: ExchangeOptions & { readonly limits?: Limits },
): Promise<ExchangeReply> {
  const bounds = options.limits ?? limits
  const { marginMs } = bounds
  const script = compileExchange(request, randomBytes(16).toString('hex'))
  const timeout = new AbortController()
  const timeoutMs = options.timeoutMs ?? script.timeoutMs
  const deadline = new Deadline(timeoutMs, () => timeout.abort(new TimedOut()))
  let waitMs = script.bounds.rootMs
  const silence = new Deadline(waitMs + marginMs, () => timeout.abort(new Silent()))
  const decoder = new Decoder(script, request.jobs.length, {
    limits: bounds,
    onWait: ms => {
      waitMs = ms
      silence.restart(ms + marginMs)
      options.onWait?.(ms)
    },
    onJobStart: options.onJobStart,
    onOutput: options.onOutput,
    onJobEnd: options.onJobEnd,
    onBegin: group => {
      carrier.group = group
      carrier.begun = true
    },
  })
  const carrier: Carrier = {
    connection,
    root,
    decoder,
    signal: AbortSignal.any([options.signal, timeout.signal]),
    stopped: options.signal,
    readsOnly: request.jobs.length === 0,
    group: undefined as RemoteGroup | undefined,
    begun: false,
    left: undefined,
  }
  try {
    await carryParts(carrier, script, [deadline, silence], bounds, options.onOutput)
    return decoder.reply()
  } catch (error) {
    if (error instanceof Silent) throw silentError(carrier, waitMs, marginMs)
    throw explain(error, carrier, timeoutMs, request.fence)
  } finally {
    deadline.hold()
    silence.hold()
  }
}

async function carryParts(
  carrier: Carrier,
  script: Script,
  deadlines: readonly Deadline[],
  bounds: Limits,
  onOutput: ExchangeOptions['onOutput'],
): Promise<void> {
  for (const part of script.parts) {
    const failed = carrier.decoder.failed()
    if (part.kind === 'push') {
      if (failed.has(part.job)) continue
      await withRoot(carrier, () => pushFile(carrier, part, deadlines, bounds, line => onOutput?.(part.job, line)))
    } else {
      const text = part.text(failed)
      if (text === undefined) continue
      await withRoot(carrier, () => carryPart(carrier, 'script', channel => void channel.end(text)))
    }
  }
}

// When sudo turns out to want a password, the same part is sent again with the password.
async function withRoot(carrier: Carrier, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof WantsPassword)) throw error
    carrier.root.mode = 'sudo with password'
    await work()
  }
}

function explain(error: unknown, carrier: Carrier, timeoutMs: number, fence: Fence | undefined): unknown {
  const { endpoint } = carrier.connection
  if (error instanceof HostError) return error
  if (error instanceof TimedOut)
    return hostError(endpoint, 'timed out', {
      problem: `an exchange did not end within ${timeoutMs / 1000} s; ${endText('what ran there', carrier.left)}`,
      actual: `last heard: ${carrier.decoder.running()}`,
      next: 'See what hangs there, e.g. with: ps -ef --forest',
    })
  if (error instanceof Stalled)
    return hostError(endpoint, 'timed out', {
      problem: error.message,
      next: 'Check whether its disk or its network is stuck.',
    })
  if (error instanceof Fenced) return fencedError(carrier, error, fence)
  if (error instanceof TooMuch)
    return hostError(
      endpoint,
      'protocol',
      {
        problem: `its reply cannot be used: ${error.message}; ${endText('what ran there', carrier.left)}`,
        expected: error.expected,
        actual: `more; last heard: ${carrier.decoder.running()}`,
        next: `See what it prints: ${sshCommand(endpoint)} /bin/sh -c id`,
      },
      error,
    )
  if (error instanceof ProtocolError)
    return hostError(
      endpoint,
      'protocol',
      {
        problem: `its reply cannot be used: ${presentableText(error.message)}`,
        actual: `last heard: ${carrier.decoder.running()}`,
      },
      error,
    )
  if (carrier.signal.aborted)
    return cancelledError(
      endpoint,
      carrier.begun ? `cancelled; ${endText('what ran there', carrier.left)}` : 'cancelled before anything ran',
      error,
    )
  if (error instanceof NotOpened) {
    const { connection } = carrier
    // Nothing was sent, so the pool may try again with a new connection.
    if (!connection.alive && !carrier.begun) return error
    return notOpenedError(endpoint, connection.alive ? error.message : connection.endReason(), error)
  }
  return error
}

function silentError(carrier: Carrier, waitMs: number, marginMs: number): HostError {
  const { endpoint } = carrier.connection
  const seconds = Math.round((waitMs + marginMs) / 1000)
  return hostError(endpoint, 'timed out', {
    problem: `nothing was heard of it for ${seconds} s; ${endText('what ran there', carrier.left)}`,
    expected: `an answer within ${Math.max(1, Math.round(waitMs / 1000))} s`,
    actual: `last heard: ${carrier.decoder.running()}`,
    next: 'See what hangs there, e.g. with: ps -ef --forest',
  })
}

function fencedError({ connection }: Carrier, { generation, message }: Fenced, fence: Fence | undefined): HostError {
  const file = fenceFileOf(fence ?? {})
  if (generation === undefined)
    return hostError(connection.endpoint, 'fenced', {
      problem: `it cannot keep in ${file} which run writes to it; nothing was written`,
      actual: message === '' ? 'no reason' : message,
      next: 'Check whether its disk is full or read-only: df -h /var/lib; mount',
    })
  return hostError(connection.endpoint, 'fenced', {
    problem: 'a later run has written to it, so this run may no longer write; nothing was written',
    actual: `generation ${generation} of the run lock in ${file}`,
    next: `Wait until that run has ended, then start this one again; what is done is not done again.\nIf there was none, the file is of another cluster, or damaged. On this host, as root: rm -f ${file}`,
  })
}
