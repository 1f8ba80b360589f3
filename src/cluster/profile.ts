import type { DistributionFacts } from '../facts/index.ts'
import type { ApiAccess } from '../resources/api/index.ts'

/** What is known of a distribution before it declares anything: where it keeps what, and what its hosts are asked. */
export interface DistributionProfile {
  /** As people write it. */
  readonly name: string
  readonly api: ApiAccess
  readonly facts: DistributionFacts
}
