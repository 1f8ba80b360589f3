import { Args, Command, Flags } from '@oclif/core'
import type { ExitCode } from '../core/errors.ts'
import { onlyParts } from './run/only-parts.ts'

/** `cluster.yaml` of the current folder unless another file is named. */
export const fileArg = Args.string({
  name: 'file',
  description: 'the cluster file',
  default: 'cluster.yaml',
  ignoreStdin: true,
})

/** The same, or a plan that `evcctl plan --out` has saved. */
export const clusterOrPlanArg = Args.string({
  name: 'file',
  description: 'the cluster file, or a saved plan',
  default: 'cluster.yaml',
  ignoreStdin: true,
})

/** How many hosts are worked on at a time. */
export const parallelFlag = Flags.integer({ description: 'hosts worked on at a time', default: 50, min: 1, max: 1000 })

/** How the command of an operation shows its plan and does it. */
export const operationFlags = {
  yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  'dry-run': Flags.boolean({ description: 'show the plan and write nothing' }),
  parallel: parallelFlag,
}

/** Whether nodes that the file does not have are removed. */
export const pruneFlag = Flags.boolean({
  description: 'remove nodes that are in the cluster and not in the file',
  exclusive: ['only'],
})

/** Which part of the file is planned or applied. */
export const onlyFlag = Flags.option({
  options: onlyParts,
  description: 'the control plane alone, or workers when the control plane is as the file says',
})()

/** The base of all commands: it has the flags that all of them share, and leaves errors to main.ts. */
export abstract class BaseCommand extends Command {
  static override readonly baseFlags = {
    output: Flags.option({
      options: ['text', 'json'] as const,
      char: 'o',
      default: 'text' as const,
      description: 'text for people, json for programs (NDJSON)',
      helpGroup: 'GLOBAL',
    })(),
    debug: Flags.boolean({ description: 'show stack traces', helpGroup: 'GLOBAL' }),
  }

  /** Runs the command. Returns the exit code of the process, and throws errors. */
  abstract execute(): Promise<ExitCode>

  override async run(): Promise<void> {
    process.exitCode = await this.execute()
  }

  // oclif's own catch() sets exit codes and prints errors in another format.
  protected override async catch(error: Error): Promise<never> {
    throw error
  }
}
