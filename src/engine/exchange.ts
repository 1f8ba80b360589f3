import { setTimeout as sleep } from 'node:timers/promises'
import { HostError, UserError } from '../core/errors.ts'
import type { ExchangeOptions, ExchangeReply, ExchangeRequest, Session } from '../core/host.ts'
import { settledOrAborted } from '../core/settled-or-aborted.ts'
import { presentableText } from '../core/shown.ts'
import type { Run, Writer } from './run.ts'

/** Kinds of errors that may be gone at another attempt a little later. */
const passing: ReadonlySet<string> = new Set(['unreachable', 'timed out', 'lost'])

/** Opens a session with a host. `delaysMs` are the waits before further attempts. Rejects with HostError. */
export async function connect(
  run: Run,
  host: string,
  delaysMs: readonly number[] = [],
  options: { readonly apart?: boolean } = {},
): Promise<Session> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await run.pool.session(host, run.abort, options)
    } catch (cause) {
      const error = asHostError(host, cause)
      const delay = delaysMs[attempt]
      if (delay === undefined || !passing.has(error.kind) || run.stop.aborted) throw error
      await sleep(delay, undefined, { signal: run.stop }).catch(() => undefined)
      if (run.stop.aborted) throw error
    }
  }
}

/**
 * Carries out one exchange and reports it as an event. If the run has a lock, a request with jobs is sent only while the lock
 * is surely held, and with its fence. Rejects with HostError only, of kind `protocol` if the reply does not fit the request.
 */
export async function exchange(
  run: Run,
  session: Session,
  request: ExchangeRequest,
  options: Omit<ExchangeOptions, 'signal'> & { readonly signal?: AbortSignal } = {},
): Promise<ExchangeReply> {
  const writer = request.jobs.length > 0 ? run.writer : undefined
  const began = performance.now()
  const { signal = run.abort } = options
  let failed = false
  try {
    if (writer !== undefined) await holdLock(session.host, writer, signal)
    const sent = writer === undefined ? request : { ...request, fence: writer.fence }
    const reply = await session.exchange(sent, { ...options, signal })
    if (reply.jobs.length !== request.jobs.length || reply.results.length !== request.probes.length) {
      throw new HostError(session.host, 'protocol', {
        where: session.host,
        problem: 'The reply of the host does not fit what was asked',
        expected: `${request.jobs.length} jobs and ${request.probes.length} probes`,
        actual: `${reply.jobs.length} jobs and ${reply.results.length} probes`,
      })
    }
    return reply
  } catch (cause) {
    failed = true
    const error = asHostError(session.host, cause)
    if (error.kind === 'fenced' && writer !== undefined) await settledOrAborted(writer.doubt(error), signal)
    throw error
  } finally {
    const ms = Math.round(performance.now() - began)
    run.emit({
      type: 'exchange',
      host: session.host,
      jobs: request.jobs.length,
      probes: request.probes.length,
      ms,
      ...(failed ? { failed } : {}),
    })
  }
}

async function holdLock(host: string, writer: Writer, signal: AbortSignal): Promise<void> {
  const holding = writer.hold().then(
    () => true,
    () => false,
  )
  const held = await settledOrAborted(holding, signal)
  const { lost } = writer
  if (lost !== undefined) throw new HostError(host, 'fenced', { where: host, ...lost.details }, { cause: lost })
  if (held !== true) throw stoppedBefore(host)
}

/** The error of a host whose turn the run did not reach, because it stops. */
export function stoppedBefore(host: string): HostError {
  return new HostError(host, 'cancelled', {
    where: host,
    problem: 'The run was stopped before it was this host’s turn',
  })
}

function asHostError(host: string, cause: unknown): HostError {
  if (cause instanceof HostError) return cause
  // A step that cannot be sent, for example: its message is already written for people.
  if (cause instanceof UserError) return new HostError(host, 'protocol', { where: host, ...cause.details }, { cause })
  const message = cause instanceof Error ? cause.message : String(cause)
  return new HostError(
    host,
    'protocol',
    { where: host, problem: `The exchange failed: ${presentableText(message)}` },
    { cause },
  )
}
