import type { ErrorDetails } from '../core/error-details.ts'
import { UserError } from '../core/errors.ts'
import { type ProbeResult, probeTimedOut, type Step } from '../core/resource.ts'
import type { Graph, Mint } from '../core/task.ts'
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
const mintMs = 180_000

type MintState =
  | { readonly is: 'wanted' | 'making' }
  | { readonly is: 'made'; readonly value: unknown }
  | { readonly is: 'failed'; readonly error: ErrorDetails }

/** The short-lived values of a run: each is made when first asked for, at most once, and revoked at the end. */
export class Mints {
  readonly #graph: Graph
  readonly #states = new Map<TaskId, MintState>()

  constructor(graph: Graph) {
    this.#graph = graph
  }

  /** Asks for a value to be made; returns the host that has to make it if that is news. */
  want(id: TaskId): string | undefined {
    if (this.#states.has(id)) return undefined
    this.#states.set(id, { is: 'wanted' })
    return this.#graph.mints.get(id)!.host
  }

  /** The value, if it is made. */
  value(id: TaskId): { readonly value: unknown } | undefined {
    const state = this.#states.get(id)
    return state?.is === 'made' ? state : undefined
  }

  /** Why the value cannot be had. */
  error(id: TaskId): ErrorDetails | undefined {
    const state = this.#states.get(id)
    return state?.is === 'failed' ? state.error : undefined
  }

  /** The values that wait to be made on a host. */
  wantedOn(host: string): readonly Mint[] {
    return [...this.#graph.mints.values()].filter(
      mint => mint.host === host && this.#states.get(mint.id)?.is === 'wanted',
    )
  }

  /**
   * Makes values in one exchange. It is not repeated when the connection is lost: the value might exist by then, and nobody
   * could revoke it.
   */
  async make(mints: readonly Mint[], run: Run): Promise<void> {
    const host = mints[0]!.host
    for (const mint of mints) this.#states.set(mint.id, { is: 'making' })
    try {
      const session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
      for (const { name } of mints) run.emit({ type: 'mint', host, name })
      // A value is what the last script of a job prints. It writes, so it is fenced, and ended when a later run finds it.
      const jobs = mints.map(mint => ({
        steps: [],
        verify: { script: `set -eu\n${mint.run}`, parse: mint.parse, timeoutMs: mintMs },
      }))
      const reply = await exchange(run, session, { jobs, probes: [] }, { timeoutMs: mintMs })
      for (const [index, mint] of mints.entries())
        this.#states.set(mint.id, makeValue(mint, reply.jobs[index]!.verify!))
    } catch (cause) {
      for (const mint of mints) {
        this.#states.set(mint.id, {
          is: 'failed',
          error: { where: host, problem: `${mint.name} could not be made: ${messageOf(cause)}` },
        })
      }
    }
  }

  /**
   * Makes every value worthless that was made, newest first. Never rejects: what could not be revoked is told as a note. A
   * run that has lost its lock leaves that to the next one, which takes back what it finds.
   */
  async revokeAll(run: Run, lanes: Lanes): Promise<void> {
    const made = [...this.#states]
      .reverse()
      .flatMap(([id, state]) => (state.is === 'made' ? [{ mint: this.#graph.mints.get(id)!, value: state.value }] : []))
      .filter(({ mint }) => mint.revoke !== undefined)
    const hosts = [...new Set(made.map(({ mint }) => mint.host))]
    if (run.writer?.lost !== undefined) return
    using patience = boundedAfter(run.abort, revokeAfterAbortMs)
    const patient: Run = { ...run, stop: patience.signal, abort: patience.signal }
    await Promise.all(
      hosts.map(host => {
        const values = made.filter(({ mint }) => mint.host === host)
        return lanes.run(host, () => revokeOn(host, values, patient))
      }),
    )
  }
}

async function revokeOn(
  host: string,
  values: readonly { readonly mint: Mint; readonly value: unknown }[],
  run: Run,
): Promise<void> {
  const remains = (name: string, why: string) =>
    run.emit({ type: 'note', host, text: `${name} could not be revoked and stays valid until it expires: ${why}` })
  try {
    const jobs = values.map(({ mint, value }) => ({
      steps: [{ run: mint.revoke!(value), timeoutMs: revokeStepMs } satisfies Step],
      verify: { script: ':', parse: () => undefined },
    }))
    const session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
    const reply = await exchange(run, session, { jobs, probes: [] })
    for (const [index, { mint }] of values.entries()) {
      const failure = reply.jobs[index]!.failure
      if (failure === undefined) run.emit({ type: 'revoke', host, name: mint.name })
      else remains(mint.name, tail(failure.stderr) || `exit code ${failure.exitCode}`)
    }
  } catch (cause) {
    for (const { mint } of values) remains(mint.name, messageOf(cause))
  }
}

function makeValue(mint: Mint, raw: ProbeResult): MintState {
  // What it printed on stdout may be the secret itself, so errors quote only stderr.
  const actual = tail(raw.stderr) || `exit code ${raw.exitCode}, nothing on stderr`
  const failed = (details: ErrorDetails): MintState => ({ is: 'failed', error: { where: mint.host, ...details } })
  if (raw.exitCode === probeTimedOut)
    return failed({ problem: `${mint.name} could not be made`, ...late({ ...raw, stdout: '' }, mintMs) })
  try {
    const value = mint.parse(raw)
    return raw.exitCode === 0 ? { is: 'made', value } : failed({ problem: `${mint.name} could not be made`, actual })
  } catch (cause) {
    if (cause instanceof UserError) return failed(cause.details)
    if (raw.exitCode !== 0) return failed({ problem: `${mint.name} could not be made`, actual })
    return failed({ problem: `${mint.name} was made, but what was printed is not understood`, actual })
  }
}
