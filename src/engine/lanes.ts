import PQueue from 'p-queue'
import { defaultParallel } from './run.ts'

/**
 * A lane for each host, in which one piece of work runs after the other, and a bound on how many hosts work at a time.
 * p-queue's own `signal` and `timeout` are not used, because they free the slot while the work still runs.
 */
export class Lanes {
  readonly #slots: PQueue
  readonly #lanes = new Map<string, PQueue>()

  constructor(parallel: number = defaultParallel) {
    this.#slots = new PQueue({ concurrency: parallel })
  }

  /** Runs `work` when the host's lane and a slot are free. Of those that wait for a slot, the highest priority goes first. */
  run<T>(host: string, work: () => Promise<T>, priority = 0): Promise<T> {
    let lane = this.#lanes.get(host)
    if (lane === undefined) {
      lane = new PQueue({ concurrency: 1 })
      this.#lanes.set(host, lane)
    }
    return lane.add(() => this.#slots.add(work, { priority }))
  }
}
