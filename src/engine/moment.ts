/**
 * A point in time by two clocks, ms: that of the machine, which stands still while a laptop sleeps, and that of the day, which
 * may be set.
 */
export interface Moment {
  readonly machine: number
  readonly day: number
}

export function now(): Moment {
  return { machine: performance.now(), day: Date.now() }
}
