import type { Probe } from '../../src/core/index.ts'

/**
 * The state of a resource whose probe prints these lines, as the parser of the probe reads it: no test can fake a state that
 * does not exist.
 */
export function stateOf<C>({ probe }: { readonly probe: Probe<C> }, ...lines: readonly string[]): C {
  return probe.parse({ exitCode: 0, stdout: lines.map(line => `${line}\n`).join(''), stderr: '' })
}
