import { isUnknown, type Unknown } from '../../core/output.ts'
import type { FieldChange } from '../../core/resource.ts'

/**
 * Whether a host trusts one of the CAs of a cluster. While the CA of a cluster is replaced it has two, and not every host
 * has both of them yet. A cluster whose CA is not known yet is taken for that of the host.
 */
export function sharesCa(ofHost: readonly string[], ofCluster: readonly string[] | Unknown): boolean {
  return isUnknown(ofCluster) || ofCluster.some(hash => ofHost.includes(hash))
}

/** The CAs that a host gets to trust, for the plan. */
export function caField(ofCluster: readonly string[] | Unknown): FieldChange {
  return { field: 'CA', after: isUnknown(ofCluster) ? ofCluster : ofCluster.join(', ') }
}
