import type { Bounds } from './bounds.ts'

/** Tracks what the host does next, and so how long the next marker may take. */
export class Pace {
  readonly #bounds: Bounds
  readonly #onWait: (ms: number) => void
  #job = 0
  #nextStep = 0
  #probes = 0

  constructor(bounds: Bounds, onWait: (ms: number) => void) {
    this.#bounds = bounds
    this.#onWait = onWait
  }

  /** To be called when a channel is opened for a script or file. */
  part(): void {
    this.#onWait(this.#bounds.rootMs)
  }

  /** A script runs: what it does first may be to end what an earlier run left. */
  begun(): void {
    const { steps, beginMs } = this.#bounds
    if (steps.length > 0) this.#onWait(beginMs + this.#probeMs())
    else this.#probe()
  }

  job(job: number): void {
    if (job !== this.#job) this.#nextStep = 0
    this.#job = job
    this.#step()
  }

  step(job: number, step: number, exitCode: number): void {
    this.#job = job
    this.#nextStep = step + 1
    if (exitCode === 0) this.#step()
    else this.#probe()
  }

  check(): void {
    this.#onWait(this.#bounds.verify[this.#job] ?? 0)
  }

  verified(): void {
    this.#probe()
  }

  probed(): void {
    this.#probes++
    this.#probe()
  }

  // After the last step, the probe of the job announces itself at once.
  #step(): void {
    this.#onWait(this.#bounds.steps[this.#job]?.[this.#nextStep] ?? 0)
  }

  // A job that comes before the next probe announces itself at once.
  #probe(): void {
    this.#onWait(this.#probeMs())
  }

  #probeMs(): number {
    return this.#bounds.runs[this.#probes] ?? 0
  }
}
