/** When something was: time of the machine, which stands still while a laptop sleeps, and time of the day, which may be set; ms. */
export interface Moment {
  readonly machine: number
  readonly day: number
}

export function now(): Moment {
  return { machine: performance.now(), day: Date.now() }
}
