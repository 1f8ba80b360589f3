import { HostError } from '../core/errors.ts'
import type { JobReply, Session } from '../core/host.ts'
import type { Task } from '../core/task.ts'
import type { Batch, Write } from './batch.ts'
import { connect, exchange } from './exchange.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { followJobs } from './progress.ts'
import { defaultReconnectDelaysMs, type Run } from './run.ts'
import { collectProbes, type Snapshot } from './snapshot.ts'

/** How the exchange of a batch went. */
export type Conversation =
  | {
      readonly is: 'answered'
      readonly snapshots: ReadonlyMap<Task, Snapshot>
    }
  /** There was no session: nothing was sent. */
  | { readonly is: 'unsent'; readonly error: HostError }
  /** The outcome of the exchange is unknown. `latest` is the write that began last, as far as the host has told. */
  | { readonly is: 'unanswered'; readonly error: HostError; readonly latest: Write | undefined }

/**
 * Sends a batch to its host. Calls `onOutcome` once for each write whose outcome becomes known, at once, so that tasks of other
 * hosts need not wait for the rest of the exchange. A failure of the host is a result, not a rejection.
 */
export async function converse(
  run: Run,
  host: string,
  { writes, probes, ahead }: Batch,
  onOutcome: (write: Write, outcome: Outcome) => void,
): Promise<Conversation> {
  let session: Session
  try {
    session = await connect(run, host, run.reconnectDelaysMs ?? defaultReconnectDelaysMs)
  } catch (error) {
    if (error instanceof HostError) return { is: 'unsent', error }
    throw error
  }
  const asked = collectProbes([...probes, ...ahead].map(state => state.task))
  const jobs = writes.map(({ steps, state }) => ({ steps, verify: state.task.resource.probe }))
  using progress = followJobs(run, writes)
  const onJobEnd = (index: number, reply: JobReply) => {
    const write = writes[index]!
    if (progress.close(index)) onOutcome(write, outcomeOf(write, reply))
  }
  try {
    const reply = await exchange(run, session, { jobs, probes: asked.probes }, { ...progress, onJobEnd })
    reply.jobs.forEach((one, index) => {
      onJobEnd(index, one)
    })
    return { is: 'answered', snapshots: asked.read(reply.results) }
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    const latest = progress.latest()
    return { is: 'unanswered', error, latest: latest === undefined ? undefined : writes[latest] }
  }
}
