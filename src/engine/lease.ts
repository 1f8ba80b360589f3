import { setTimeout as sleep } from 'node:timers/promises'
import type { UserError } from '../core/errors.ts'
import type { Fence } from '../core/host.ts'
import { notRenewed, takenOver } from './lock-errors.ts'
import { type LockState, staleAfterMs } from './lock-state.ts'
import { type Moment, now } from './moment.ts'
import type { Writer } from './run.ts'

/**
 * As long as the last heartbeat of a majority is younger than this, nobody else can hold the lock, ms. Hosts keep it for 60 s,
 * so a write that is sent in time has 15 s to arrive.
 */
const surelyHeldMs = 45_000
/** How often evcctl checks whether heartbeats are missing, ms. */
const watchMs = 1_000
/** How long a run may take after a standstill to find out whether the lock is still its own, ms. */
const lastLookMs = 10_000

export interface LeaseOptions {
  readonly fence: Fence
  /** The hosts that keep the lock for this run, each with the time at which the step that took it was sent. */
  readonly taken: ReadonlyMap<string, Moment>
  /** How many of them have to keep it. */
  readonly majority: number
  /** Renews the lock on a host. Returns the state of the lock there if it belongs to somebody else by now, else undefined. */
  readonly beat: (voter: string, signal: AbortSignal) => Promise<LockState | undefined>
  /** Called for a host that keeps the lock for somebody else while a majority still keeps it for this run. */
  readonly tell: (voter: string, state: LockState) => void
  /** Time between two heartbeats of a host, ms. */
  readonly everyMs: number
}

/** Keeps a lock alive on all hosts that have it, and knows at each moment whether this run may write. */
export class Lease implements Writer {
  readonly fence: Fence
  readonly #options: LeaseOptions
  readonly #beats: Map<string, Moment>
  /** Hosts that say that they keep the lock for somebody else by now. */
  readonly #foreign = new Set<string>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #lost = new AbortController()
  readonly #ended = new AbortController()
  readonly #loops: Promise<unknown>
  #looking = false
  /** Set when a host says that a later run has written to it, until a majority has renewed the lock. */
  #claim: { readonly error: UserError; readonly machine: number } | undefined

  constructor(options: LeaseOptions) {
    this.fence = options.fence
    this.#options = options
    this.#beats = new Map(options.taken)
    const watch = setInterval(() => this.#watch(), Math.min(watchMs, options.everyMs))
    this.#loops = Promise.all([...options.taken.keys()].map(voter => this.#loop(voter))).finally(() =>
      clearInterval(watch),
    )
  }

  /** Fires when the lock is lost. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Why the lock is lost; undefined while it is not. */
  get lost(): UserError | undefined {
    return this.#lost.signal.aborted ? (this.#lost.signal.reason as UserError) : undefined
  }

  async hold(): Promise<void> {
    // Ends at the latest when the watch gives the lock up.
    for (let again = false; !this.#over() && !this.#isSure(); again = true) {
      if (again) await sleep(watchMs)
      await this.#beatAll()
    }
    if (this.lost !== undefined || !this.#isSure()) throw this.lost ?? this.#notRenewed()
  }

  async doubt(error: UserError): Promise<void> {
    this.#claim = { error, machine: now().machine }
    // A heartbeat that was already on its way says nothing about the time since, so a second one may be needed.
    for (let beats = 0; beats < 2 && !this.#over() && !this.#isSure(); beats++) await this.#beatAll()
  }

  #isSure(): boolean {
    if (this.#claim !== undefined && this.#age(false) <= now().machine - this.#claim.machine) this.#claim = undefined
    return this.#claim === undefined && this.#age(true) <= surelyHeldMs
  }

  #lose(error: UserError): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(error)
  }

  /** Sends no more heartbeats, and gives up those that are on their way. */
  async end(): Promise<void> {
    this.#ended.abort()
    await this.#loops
    await Promise.all(this.#running.values())
  }

  async #loop(voter: string): Promise<void> {
    while (!this.#over()) {
      await sleep(this.#options.everyMs, undefined, { signal: this.#ended.signal }).catch(() => undefined)
      if (!this.#over()) await this.#beat(voter)
    }
  }

  #over(): boolean {
    return this.#ended.signal.aborted || this.lost !== undefined
  }

  #beat(voter: string): Promise<void> {
    const running = this.#running.get(voter) ?? this.#once(voter).finally(() => this.#running.delete(voter))
    this.#running.set(voter, running)
    return running
  }

  async #once(voter: string): Promise<void> {
    const sent = now()
    try {
      const other = await this.#options.beat(voter, this.#ended.signal)
      if (other === undefined) {
        this.#beats.set(voter, sent)
        this.#foreign.delete(voter)
      } else this.#missOn(voter, other)
    } catch {
      // A single heartbeat may fail. What counts is how long ago a majority had a good one.
    }
  }

  // One host proves little: it may be wrong, or a run without a majority took its lock after a restart.
  #missOn(voter: string, other: LockState): void {
    const { taken, majority, tell } = this.#options
    this.#beats.delete(voter)
    const isNew = !this.#foreign.has(voter)
    if (taken.size - this.#foreign.add(voter).size < majority) this.#lose(takenOver(voter, other))
    else if (isNew) tell(voter, other)
  }

  async #beatAll(): Promise<void> {
    const all = Promise.all([...this.#options.taken.keys()].map(voter => this.#beat(voter)))
    const enough = new AbortController()
    const late = sleep(lastLookMs, undefined, { signal: enough.signal }).catch(() => undefined)
    await Promise.race([all, late])
    enough.abort()
  }

  // After a standstill of the process, the last heartbeats look old although the lock may still be held. So hosts are asked.
  #watch(): void {
    if (this.#looking || this.#over() || this.#age(false) < staleAfterMs) return
    this.#looking = true
    void this.#beatAll().then(() => {
      this.#looking = false
      if (!this.#over() && this.#age(false) >= staleAfterMs) this.#lose(this.#claim?.error ?? this.#notRenewed())
    })
  }

  #notRenewed(): UserError {
    return notRenewed([...this.#options.taken.keys()], this.#options.majority)
  }

  /** How long ago a majority last had heartbeats, ms; `asleep` also counts the time in which this machine slept. */
  #age(asleep: boolean): number {
    const at = now()
    const ages = [...this.#beats.values()].map(beat =>
      Math.max(at.machine - beat.machine, asleep ? at.day - beat.day : 0),
    )
    return ages.sort((a, b) => a - b)[this.#options.majority - 1] ?? Number.POSITIVE_INFINITY
  }
}
