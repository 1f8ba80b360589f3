import { renewal as operation } from '../../../playbooks/cluster.ts'
import type { ExitCode } from '../../core/index.ts'
import { apply } from './apply.ts'
import { plan } from './plan.ts'

export interface CertsRenewOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  readonly parallel: number
  /** Do it without asking. */
  readonly yes: boolean
  readonly dryRun: boolean
}

/** `evcctl certs renew`: plans and applies the cluster file as apply does, with all certificates renewed. */
export function certsRenew({ dryRun, ...options }: CertsRenewOptions): Promise<ExitCode> {
  const again = `evcctl certs renew ${options.file}`
  const all = { ...options, operation, diff: false, again, next: `evcctl certs status ${options.file}` }
  return dryRun ? plan({ ...all, exitCode: false }) : apply(all)
}
