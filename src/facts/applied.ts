import { type AppliedRecord, appliedRecordPath, decodeRecord } from '../core/applied-record.ts'
import type { FactModule } from '../core/facts.ts'

export interface AppliedFacts {
  /** What the last apply left on record there. Undefined: nothing, or nothing that can be read. */
  readonly applied: AppliedRecord | undefined
}

export const appliedFacts: FactModule<AppliedFacts> = {
  script: `first applied ${appliedRecordPath}
`,
  longSections: ['applied'],
  parse: sections => ({ applied: decodeRecord(sections('applied')[0] ?? '') }),
}
