import type { ExitCode } from '../../core/index.ts'
import { type ApplyActionOptions, apply } from './apply.ts'
import { plan } from './plan.ts'

export interface OperationOptions
  extends Pick<ApplyActionOptions, 'operation' | 'file' | 'output' | 'parallel' | 'yes' | 'nothing' | 'isPart'> {
  /** Show the plan and write nothing. */
  readonly dryRun: boolean
  /** The command, which is also how to go on after it was cut off, e.g. `certs renew`. */
  readonly command: string
  /** The command that shows the result, e.g. `certs status`. */
  readonly shows: string
}

/** A command that plans and applies an operation of its own, as apply does with the cluster file. */
export function operate({ dryRun, command, shows, ...options }: OperationOptions): Promise<ExitCode> {
  const { file } = options
  const all = { ...options, diff: false, again: `evcctl ${command} ${file}`, next: `evcctl ${shows} ${file}` }
  return dryRun ? plan({ ...all, exitCode: false }) : apply(all)
}
