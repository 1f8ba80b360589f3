import fc from 'fast-check'

/** What the fuzz tests have in common: a bounded number of runs, and a seed that is printed so that a failure can be repeated. */
export interface Fuzzing {
  readonly numRuns: number
  readonly seed: number
}

/**
 * How many runs, and with which seed. EVCCTL_FUZZ_RUNS raises their number (the long run has 100,000), EVCCTL_FUZZ_SEED
 * repeats one.
 */
export function fuzzing(what: string, runs = 1000): Fuzzing {
  const numRuns = Number(process.env.EVCCTL_FUZZ_RUNS ?? runs)
  const seed = Number(process.env.EVCCTL_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`${what}: ${numRuns} runs, EVCCTL_FUZZ_SEED=${seed}`)
  return { numRuns, seed }
}

/** Text of any characters. fast-check's own for this (unit `binary`) keeps a table of all of them, which is 85 MB. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const point = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff }))
  return fc.array(point, { maxLength }).map(points => String.fromCodePoint(...points))
}
