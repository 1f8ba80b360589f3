import type { HostError } from '../core/errors.ts'
import { withoutFaultOwner } from '../core/fault-owner.ts'
import type { Change } from '../core/resource.ts'
import { titleOf } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import { type Batch, chooseBatch, type Write } from './batch.ts'
import { endedInside, enterAround, isNeverWanted } from './bracket.ts'
import { converse } from './conversation.ts'
import type { EphemeralValues } from './ephemeral-values.ts'
import type { Evaluation } from './evaluate.ts'
import type { Desired } from './judge.ts'
import type { Lanes } from './lanes.ts'
import { isStopping, type Run } from './run.ts'
import { runHere } from './run-here.ts'
import { settle } from './settle.ts'
import type { Snapshot } from './snapshot.ts'
import { createStates, type HostState, isFresh, type TaskEnd, type TaskState } from './task-state.ts'

/** A task whose steps were lost this many times is given up. */
const mostLosses = 2

/**
 * Works on the tasks of an evaluation until each has an end. `#advance` makes all decisions synchronously; it looks at the
 * hosts for which something has changed. Only the turn of a host, which is one exchange, is asynchronous.
 */
export class Scheduler {
  readonly #run: Run
  readonly #lanes: Lanes
  readonly #ephemerals: EphemeralValues
  readonly #tasks: ReadonlyMap<TaskId, TaskState>
  readonly #hosts: Map<string, HostState>
  /** Hosts that have to be looked at again. */
  readonly #due: Set<HostState>
  readonly #done = Promise.withResolvers<void>()
  #turns = 0

  constructor(evaluation: Evaluation, run: Run, lanes: Lanes, ephemerals: EphemeralValues) {
    this.#run = run
    this.#lanes = lanes
    this.#ephemerals = ephemerals
    const { tasks, hosts } = createStates(evaluation)
    this.#tasks = tasks
    this.#hosts = new Map(hosts)
    this.#due = new Set(hosts.values())
    for (const state of tasks.values())
      if (isNeverWanted(state)) this.#finish(state, { result: 'in desired state', ms: 0 })
    for (const host of hosts.values()) if (host.failed !== undefined) this.#giveUp(host, host.failed)
  }

  /** Works until every task has an end. */
  async finished(): Promise<void> {
    this.#advance()
    await this.#done.promise
    const open = [...this.#tasks.values()].filter(state => state.stage !== 'done')
    if (open.length > 0 && !isStopping(this.#run)) {
      throw new Error(
        `Nothing is left to do, but these tasks have no end: ${open.map(state => state.task.id).join(', ')}`,
      )
    }
    // A task that had nothing to do was not cancelled.
    for (const state of open) this.#finish(state, { result: state.seemsDone ? 'in desired state' : 'cancelled', ms: 0 })
  }

  get ends(): ReadonlyMap<TaskId, TaskEnd> {
    return new Map([...this.#tasks].map(([id, state]) => [id, state.end!]))
  }

  /** What each task wanted that has ended well; tasks that had to do nothing because nothing was done around them are left out. */
  get wanted(): ReadonlyMap<TaskId, Desired> {
    return new Map(
      [...this.#tasks].flatMap(([id, { end, wanted }]) =>
        wanted !== undefined && (end?.result === 'changed' || end?.result === 'in desired state')
          ? [[id, wanted] as const]
          : [],
      ),
    )
  }

  get failedHosts(): ReadonlyMap<string, HostError> {
    return new Map([...this.#hosts.values()].flatMap(host => (host.failed ? [[host.name, host.failed] as const] : [])))
  }

  #advance(): void {
    if (!isStopping(this.#run)) {
      for (const host of this.#due) {
        // Deleted first: what is settled here may make the same host due again.
        this.#due.delete(host)
        if (!host.busy && this.#hasWork(host)) this.#start(host)
      }
    }
    if (this.#turns === 0) this.#done.resolve()
  }

  #hasWork(host: HostState): boolean {
    const writes = this.#settle(host)
    return this.#ephemerals.wantedOn(host.name).length > 0 || chooseBatch(host, writes) !== undefined
  }

  #start(host: HostState): void {
    host.busy = true
    this.#turns++
    // The reply of another host may be what lets this one begin.
    const turn = withoutFaultOwner(() => this.#lanes.run(host.name, () => this.#turn(host), host.priority))
    turn
      .catch(error => this.#done.reject(error))
      .finally(() => {
        host.busy = false
        this.#turns--
        this.#due.add(host)
        this.#advance()
      })
      .catch(error => this.#done.reject(error))
  }

  async #turn(host: HostState): Promise<void> {
    if (isStopping(this.#run)) return
    const wanted = this.#ephemerals.wantedOn(host.name)
    if (wanted.length > 0) {
      await this.#ephemerals.make(wanted, this.#run)
      for (const other of this.#hosts.values()) this.#due.add(other)
      return
    }
    // The batch is chosen only now that the slot is free, so that it includes all that became ready meanwhile.
    const batch = chooseBatch(host, this.#settle(host))
    const local = batch?.writes.find(({ state }) => state.task.resource.here !== undefined)
    if (local !== undefined) await this.#runHere(local)
    else if (batch !== undefined) await this.#exchange(host, batch)
  }

  // What else the host has to do waits, because a command of the user decides whether more changes.
  async #runHere(write: Write): Promise<void> {
    const { state } = write
    state.stage = 'running'
    this.#finish(state, await runHere(this.#run, write))
  }

  /** Ends the ready tasks of a host that need no exchange; returns the writes that can begin. */
  #settle(host: HostState): readonly Write[] {
    const writes: Write[] = []
    for (const state of host.tasks) {
      if (state.stage !== 'ready' || !isFresh(state)) continue
      const settlement = settle(state, this.#tasks, this.#ephemerals)
      state.seemsDone = settlement.do === 'nothing'
      if ('wanted' in settlement) state.wanted = settlement.wanted
      const isWrite = settlement.do === 'write' || settlement.do === 'make'
      if (isWrite && state.heldBack !== undefined) {
        this.#finish(state, { result: 'skipped', ms: 0, because: state.heldBack })
      } else if (isWrite && state.heldBy > 0) {
        for (const { host: where } of enterAround(state)) this.#due.add(where)
      } else if (settlement.do === 'write') writes.push(settlement.write)
      else if (settlement.do === 'make') for (const id of settlement.ephemerals) this.#want(id)
      else if (settlement.do === 'fail') this.#finish(state, { result: 'failed', ms: 0, error: settlement.error })
      else if (state.lostChange === undefined) this.#finish(state, { result: 'in desired state', ms: 0 })
      else this.#finish(state, { result: 'changed', ms: 0, change: state.lostChange })
    }
    return writes
  }

  #want(id: TaskId): void {
    const name = this.#ephemerals.want(id)
    if (name === undefined) return
    let host = this.#hosts.get(name)
    if (host === undefined) {
      host = { name, tasks: [], priority: 0, busy: false, exchanges: 0, convergedAt: 0, failed: undefined }
      this.#hosts.set(name, host)
    }
    this.#due.add(host)
  }

  async #exchange(host: HostState, batch: Batch): Promise<void> {
    for (const { state } of batch.writes) state.stage = 'running'
    const number = ++host.exchanges
    const conversation = await converse(this.#run, host.name, batch, ({ state }, { end, snapshot }) => {
      if (snapshot !== undefined) this.#see(state.task.id, snapshot, number)
      this.#finish(state, end)
      this.#advance()
    })
    for (const { state } of batch.writes) if (state.stage === 'running') state.stage = 'ready'
    if (conversation.is === 'unsent') {
      if (!isStopping(this.#run)) this.#giveUp(host, conversation.error)
      return
    }
    if (batch.writes.length > 0) host.convergedAt = number
    if (conversation.is === 'unanswered') {
      this.#recover(host, batch, conversation.error, conversation.latest)
      return
    }
    for (const [task, snapshot] of conversation.snapshots) this.#see(task.id, snapshot, number)
  }

  #see(id: TaskId, snapshot: Snapshot, number: number): void {
    const state = this.#tasks.get(id)!
    state.snapshot = snapshot
    state.snapshotAt = number
  }

  /** The outcome of an exchange without a reply is unknown. So everything that it touched is read again or given up. */
  #recover(host: HostState, { writes, probes }: Batch, error: HostError, latest: Write | undefined): void {
    const open = writes.filter(({ state }) => state.stage !== 'done')
    // A run that has lost its lock stops. It does not judge what it was about to write, because another run may write by now.
    if ((error.kind === 'cancelled' || error.kind === 'fenced') && isStopping(this.#run)) {
      for (const { state, change } of open) this.#finish(state, { result: 'cancelled', ms: 0, change })
      return
    }
    // The host would refuse the rest, too. At each refusal, all writes wait until a majority has confirmed the lock.
    if (error.kind === 'fenced') {
      this.#giveUp(host, error)
      return
    }
    // A time-out is the fault of the job that ran; of the others only the outcome is lost.
    const culprit = error.kind === 'timed out' ? latest?.state : undefined
    const again = error.kind === 'lost' || culprit !== undefined
    const concerned: readonly { state: TaskState; change?: Change }[] =
      writes.length > 0 ? open : probes.map(state => ({ state }))
    for (const { state, change } of concerned) {
      state.snapshot = undefined
      state.lostChange = change ?? state.lostChange
      state.losses++
      if (again && state !== culprit && state.losses < mostLosses) continue
      this.#finish(state, {
        result: 'failed',
        ms: 0,
        error: error.details,
        ...(change === undefined ? {} : { change }),
      })
    }
    const rest = concerned.filter(({ state }) => state.stage !== 'done').map(({ state }) => titleOf(state.task))
    if (rest.length === 0 || isStopping(this.#run)) return
    const text = `No reply arrived, so the outcome of ${rest.join(', ')} is read again`
    this.#run.emit({ type: 'note', host: host.name, text })
  }

  #giveUp(host: HostState, error: HostError): void {
    if (host.failed === undefined) {
      host.failed = error
      this.#run.emit({ type: 'host:failed', host: host.name, error: error.details })
    }
    for (const state of host.tasks) this.#finish(state, { result: 'failed', ms: 0, error: error.details })
  }

  #finish(state: TaskState, end: TaskEnd): void {
    if (state.stage === 'done') return
    state.stage = 'done'
    state.end = end
    const { id, host, role } = state.task
    this.#run.emit({ type: 'task:end', task: id, host, role, title: titleOf(state.task), ...end })
    if (end.result === 'cancelled') return
    const because = end.because ?? (end.result === 'failed' ? id : undefined)
    const isUntouched = because !== undefined && this.#wasLostUntouched(state, because)
    for (const entry of state.entries) {
      const unwanted = endedInside(entry, state)
      if (unwanted !== undefined) this.#finish(entry, unwanted)
    }
    for (const dependant of state.dependants) {
      // It was held back and had nothing to write, so it has ended already.
      if (dependant.stage === 'done') continue
      const holds = dependant.holders.has(state)
      const leaves = dependant.leaves.has(state)
      if (because !== undefined && !holds && !leaves && !(isUntouched && dependant.spared.has(state))) {
        this.#finish(dependant, { result: 'skipped', ms: 0, because })
        continue
      }
      if (end.result === 'changed' || state.ancestorConverged) {
        dependant.ancestorConverged = true
        // A task that is held back may have been read before, also by an exchange that is still on its way.
        if (holds) dependant.readFrom = dependant.host.exchanges + 1
      }
      if (holds || leaves) dependant.heldBack ??= because
      if (holds) {
        dependant.heldBy--
        this.#due.add(dependant.host)
        continue
      }
      dependant.waitingFor--
      if (dependant.waitingFor > 0 || dependant.stage !== 'waiting') continue
      dependant.stage = 'ready'
      this.#due.add(dependant.host)
    }
  }

  /** Whether a task failed because its own host was lost before this run wrote anything to it. */
  #wasLostUntouched({ host }: TaskState, because: TaskId): boolean {
    return this.#tasks.get(because)?.host === host && host.failed !== undefined && host.convergedAt === 0
  }
}
