import fc from 'fast-check'

/** The number of runs of a fuzz test, and its seed, which is printed so that a failure can be repeated. */
export interface Fuzzing {
  readonly numRuns: number
  readonly seed: number
}

/**
 * Chooses the number of runs and the seed. EVCCTL_FUZZ_RUNS sets the number (100,000 for a long run), EVCCTL_FUZZ_SEED
 * repeats an earlier run.
 */
export function fuzzing(what: string, runs = 1000): Fuzzing {
  const numRuns = Number(process.env.EVCCTL_FUZZ_RUNS ?? runs)
  const seed = Number(process.env.EVCCTL_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`${what}: ${numRuns} runs, EVCCTL_FUZZ_SEED=${seed}`)
  return { numRuns, seed }
}

/**
 * Text of any characters. fast-check's own generator (unit `binary`) is not used, because its table of characters has 85
 * MB.
 */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  const point = fc.oneof(fc.nat({ max: 0x7f }), fc.nat({ max: 0x10ffff }))
  return fc.array(point, { maxLength }).map(points => String.fromCodePoint(...points))
}
