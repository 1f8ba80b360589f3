import type { Prune } from './cluster-run.ts'
import type { OnlyPart } from './only-parts.ts'

export interface AppliedPart {
  readonly file: string
  readonly prune?: Prune | undefined
  readonly only?: OnlyPart | undefined
}

/** The command that applies what a run plans, for messages. */
export function applyCommand({ file, prune, only }: AppliedPart): string {
  if (prune === undefined) return `evcctl apply ${file}${only === undefined ? '' : ` --only ${only}`}`
  return prune === 'all' ? `evcctl apply ${file} --prune` : `evcctl remove ${prune.join(' ')} ${file}`
}
