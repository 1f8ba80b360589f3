import type { ErrorDetails } from '../core/error-details.ts'
import { UserError } from '../core/errors.ts'
import { type ProbeResult, probeTimedOut, type Step } from '../core/resource.ts'
import type { EphemeralValue, Graph } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import { connect, exchange } from './exchange.ts'
import type { Lanes } from './lanes.ts'
import { boundedAfter } from './patience.ts'
import { defaultReconnectDelaysMs, type Run } from './run.ts'
import { late, messageOf } from './task-errors.ts'
import { tail } from './text.ts'

/** How long revoking may take after the second ^C, ms. */
const revokeAfterAbortMs = 10_000
const revokeStepMs = 30_000
/** How long making the values of one host may take, ms: an API server that has just started refuses for a while. */
const makingMs = 180_000

type EphemeralState =
  | { readonly is: 'wanted' | 'making' }
  | { readonly is: 'made'; readonly value: unknown }
  | { readonly is: 'failed'; readonly error: ErrorDetails }

/** The short-lived values of a run: each is made when first asked for, at most once, and revoked at the end. */
export class EphemeralValues {
  readonly #graph: Graph
  readonly #states = new Map<TaskId, EphemeralState>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** Asks for a value to be made. Returns the host that has to make it; undefined if the value was asked for before. */
  want(id: TaskId): string | undefined {
    if (this.#states.has(id)) return undefined
    this.#states.set(id, { is: 'wanted' })
    return this.#graph.ephemerals.get(id)!.host
  }

  /** The value, if it is made. */
  value(id: TaskId): { readonly value: unknown } | undefined {
    const state = this.#states.get(id)
    return state?.is === 'made' ? state : undefined
  }

  /** Why the value could not be made. */
  error(id: TaskId): ErrorDetails | undefined {
    const state = this.#states.get(id)
    return state?.is === 'failed' ? state.error : undefined
  }

  /** The values that wait to be made on a host. */
  wantedOn(host: string): readonly EphemeralValue[] {
    return [...this.#graph.ephemerals.values()].filter(
      ({ host: on, id }) => on === host && this.#states.get(id)?.is === 'wanted',
    )
  }

  /**
   * Makes values in one exchange. If the connection is lost, it does not try again: each attempt may leave a value on the host
   * that nobody can revoke.
   */
  async make(ephemerals: readonly EphemeralValue[], run: Run): Promise<void> {
    const host = ephemerals[0]!.host
    for (const { id } of ephemerals) this.#states.set(id, { is: 'making' })
    try {
      const session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
      for (const { name } of ephemerals) run.emit({ type: 'value:making', host, name })
      // The value is what the probe of a job prints. It is a job because it writes: it is fenced, and a later run ends it.
      const jobs = ephemerals.map(ephemeral => ({
        steps: [],
        verify: { script: `set -eu\n${ephemeral.run}`, parse: ephemeral.parse, timeoutMs: makingMs },
      }))
      const reply = await exchange(run, session, { jobs, probes: [] }, { timeoutMs: makingMs })
      for (const [index, ephemeral] of ephemerals.entries())
        this.#states.set(ephemeral.id, makeValue(ephemeral, reply.jobs[index]!.verify!))
    } catch (cause) {
      for (const { id, name } of ephemerals) {
        this.#states.set(id, {
          is: 'failed',
          error: { where: host, problem: `${name} could not be made: ${messageOf(cause)}` },
        })
      }
    }
  }

  /**
   * Revokes every value that was made, newest first. Never rejects: a note reports each value that could not be revoked. A run
   * that has lost its lock revokes nothing; the next run revokes what it finds.
   */
  async revokeAll(run: Run, lanes: Lanes): Promise<void> {
    const made = [...this.#states]
      .reverse()
      .flatMap(([id, state]) =>
        state.is === 'made' ? [{ ephemeral: this.#graph.ephemerals.get(id)!, value: state.value }] : [],
      )
      .filter(({ ephemeral }) => ephemeral.revoke !== undefined)
    const hosts = [...new Set(made.map(({ ephemeral }) => ephemeral.host))]
    if (run.writer?.lost !== undefined) return
    using patience = boundedAfter(run.abort, revokeAfterAbortMs)
    const patient: Run = { ...run, stop: patience.signal, abort: patience.signal }
    await Promise.all(
      hosts.map(host => {
        const values = made.filter(({ ephemeral }) => ephemeral.host === host)
        return lanes.run(host, () => revokeOn(host, values, patient))
      }),
    )
  }
}

async function revokeOn(
  host: string,
  values: readonly { readonly ephemeral: EphemeralValue; readonly value: unknown }[],
  run: Run,
): Promise<void> {
  const remains = (name: string, why: string) =>
    run.emit({ type: 'note', host, text: `${name} could not be revoked and stays valid until it expires: ${why}` })
  try {
    const jobs = values.map(({ ephemeral, value }) => ({
      steps: [{ run: ephemeral.revoke!(value), timeoutMs: revokeStepMs } satisfies Step],
      verify: { script: ':', parse: () => undefined },
    }))
    const session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
    const reply = await exchange(run, session, { jobs, probes: [] })
    for (const [index, { ephemeral }] of values.entries()) {
      const failure = reply.jobs[index]!.failure
      if (failure === undefined) run.emit({ type: 'value:revoked', host, name: ephemeral.name })
      else remains(ephemeral.name, tail(failure.stderr) || `exit code ${failure.exitCode}`)
    }
  } catch (cause) {
    for (const { ephemeral } of values) remains(ephemeral.name, messageOf(cause))
  }
}

function makeValue(ephemeral: EphemeralValue, raw: ProbeResult): EphemeralState {
  // What it printed on stdout may be the secret itself, so errors quote only stderr.
  const actual = tail(raw.stderr) || `exit code ${raw.exitCode}, nothing on stderr`
  const failed = (details: ErrorDetails): EphemeralState => ({
    is: 'failed',
    error: { where: ephemeral.host, ...details },
  })
  if (raw.exitCode === probeTimedOut)
    return failed({ problem: `${ephemeral.name} could not be made`, ...late({ ...raw, stdout: '' }, makingMs) })
  try {
    const value = ephemeral.parse(raw)
    return raw.exitCode === 0
      ? { is: 'made', value }
      : failed({ problem: `${ephemeral.name} could not be made`, actual })
  } catch (cause) {
    if (cause instanceof UserError) return failed(cause.details)
    if (raw.exitCode !== 0) return failed({ problem: `${ephemeral.name} could not be made`, actual })
    return failed({ problem: `${ephemeral.name} was made, but the output of its script is not understood`, actual })
  }
}
