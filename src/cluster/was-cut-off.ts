import type { HostFacts } from '../facts/index.ts'

/**
 * Whether a change of the static pods of a host was cut off; undefined: it did not answer. What such a change has taken away is put back
 * before anything else; see putBackFirst().
 */
export function wasCutOff(known: Pick<HostFacts, 'kubernetes'> | undefined): boolean {
  return known?.kubernetes.formerApiServer !== undefined
}
