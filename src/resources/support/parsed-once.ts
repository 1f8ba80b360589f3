import type { ProbeResult } from '../../core/resource.ts'

/**
 * A parser of an answer that many tasks share: it parses each answer once, and keeps the result as long as the answer
 * exists.
 */
export function parsedOnce<Parsed extends object | string>(
  parse: (raw: ProbeResult) => Parsed,
): (raw: ProbeResult) => Parsed {
  const known = new WeakMap<ProbeResult, Parsed>()
  return raw => {
    const before = known.get(raw)
    if (before !== undefined) return before
    const parsed = parse(raw)
    known.set(raw, parsed)
    return parsed
  }
}
