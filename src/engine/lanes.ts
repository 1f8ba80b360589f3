import PQueue from 'p-queue'
import { defaultParallel } from './run.ts'

/**
 * One lane a host, in which work runs one after the other, and a cap on the hosts that work at a time.
 * Work is never given p-queue's own `signal` or `timeout`: they free the slot while the work still runs.
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
