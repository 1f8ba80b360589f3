import type { Scope } from '../core/scope.ts'
import type { Task } from '../core/task.ts'
import { type KeptUnit, systemdUnit } from '../resources/systemd/index.ts'

export interface KeptServiceParameters {
  /** Name of the unit, with its suffix. */
  readonly unit: string
  /** What it runs; undefined where the program is a package's. */
  readonly program?: string
  /** Absolute paths of its text files. It is restarted when one of them changes, or the program does. */
  readonly files: readonly string[]
  /** Those of the files for which a reload is enough. */
  readonly reloads?: readonly string[]
  /** Units that it needs to be well, with what they get back together with it. */
  readonly needed?: readonly KeptUnit[]
  /** What has to be done before it starts. */
  readonly after: readonly Task[]
  /** What it is restarted or reloaded for. */
  readonly watch: readonly Task[]
}

/** A service that is started with the host, and that gets its former files back when it is not well with new ones. */
export function declareKeptService(
  scope: Scope,
  { unit, program, files, reloads = [], needed = [], after, watch }: KeptServiceParameters,
): { readonly running: Task; readonly kept: KeptUnit } {
  const watches = [...(program === undefined ? [] : [program]), ...files.filter(path => !reloads.includes(path))]
  const kept = { unit, files, watches: [...watches, ...reloads] }
  const trial = { kept: [...needed, kept] }
  const parameters = { unit, state: 'running', enabled: true, watches, trial } as const
  const service = systemdUnit(reloads.length === 0 ? parameters : { ...parameters, reloads })
  return { running: scope.add(service, { after, watch }), kept }
}
