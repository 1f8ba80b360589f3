import type { Prune } from './cluster-run.ts'

/** The command that applies what a run plans, for messages. */
export function applyCommand({ file, prune }: { readonly file: string; readonly prune?: Prune }): string {
  if (prune === undefined) return `evcctl apply ${file}`
  return prune === 'all' ? `evcctl apply ${file} --prune` : `evcctl remove ${prune.join(' ')} ${file}`
}
