import { defrag as operation } from '../../../playbooks/defrag.ts'
import type { ExitCode } from '../../core/index.ts'
import { apply } from './apply.ts'
import { plan } from './plan.ts'

export interface EtcdDefragOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  readonly parallel: number
  /** Do it without asking. */
  readonly yes: boolean
  readonly dryRun: boolean
}

/** `evcctl etcd defrag`: plans and applies the defragmentation of all members, as apply does with the cluster file. */
export function etcdDefrag({ dryRun, ...options }: EtcdDefragOptions): Promise<ExitCode> {
  const again = `evcctl etcd defrag ${options.file}`
  const all = { ...options, operation, diff: false, again, next: `evcctl etcd status ${options.file}` }
  return dryRun ? plan({ ...all, exitCode: false }) : apply(all)
}
