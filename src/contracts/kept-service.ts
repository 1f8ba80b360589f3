import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { type KeptUnit, systemdUnit } from '../resources/systemd/index.ts'

export interface KeptServiceParameters {
  /** Name of the unit, with its suffix. */
  readonly unit: string
  /** The program of the unit; undefined where the program belongs to a package. */
  readonly program?: string
  /** Absolute paths of its text files. The unit is restarted when one of them, or the program, changes. */
  readonly files: readonly string[]
  /** Those of the files whose change needs only a reload. */
  readonly reloads?: readonly string[]
  /** A file that only nodes have: until it is there, new files are kept as soon as the unit runs. */
  readonly fileOfNode: string
  /** Units that this one depends on, with the files that they get back together with it. */
  readonly needed?: readonly KeptUnit[]
  /** What has to be done before it starts. */
  readonly after: readonly Task[]
  /** The changes for which the unit is restarted or reloaded. */
  readonly watch: readonly Task[]
}

/** A service that starts at boot, and that gets its former files back when it does not work with new ones. */
export function declareKeptService(
  scope: Scope,
  { unit, program, files, reloads = [], fileOfNode, needed = [], after, watch }: KeptServiceParameters,
): { readonly running: Task; readonly kept: KeptUnit } {
  const watches = [...(program === undefined ? [] : [program]), ...files.filter(path => !reloads.includes(path))]
  const kept = { unit, files, watches: [...watches, ...reloads] }
  const trial = { kept: [...needed, kept], fileOfNode }
  const parameters = { unit, state: 'running', enabled: true, watches, trial } as const
  const service = systemdUnit(reloads.length === 0 ? parameters : { ...parameters, reloads })
  return { running: scope.add(service, { after, watch }), kept }
}
