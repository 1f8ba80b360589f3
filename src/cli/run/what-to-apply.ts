import type { Operation } from '../../cluster/index.ts'
import { beginningOf } from '../../core/cut.ts'
import { exitCodes, UserError } from '../../core/index.ts'
import { isSavedPlan, readPlan } from '../saved-plan/file.ts'
import type { SavedPlan } from '../saved-plan/saved-plan.ts'
import { version } from '../version.ts'
import type { Prune } from './cluster-run.ts'
import { type OnlyPart, onlyParts } from './only-parts.ts'
import { operationNamed } from './operations.ts'

/** A saved plan, and where it lies. */
export interface GivenPlan {
  readonly path: string
  readonly saved: SavedPlan
}

/** What apply was given: a cluster file, or a saved plan and the cluster file that it was made of. */
export interface WhatToApply {
  /** The cluster file. */
  readonly file: string
  readonly operation: Operation
  readonly plan?: GivenPlan
  /** Of the saved plan; see ClusterRunOptions. */
  readonly prune?: Prune
  readonly only?: OnlyPart
}

/**
 * Finds out by its content whether a file is a cluster file, which `operation` is for, or a saved plan, which names its own. Throws
 * UserError for a saved plan that cannot be used.
 */
export function whatToApply(path: string, operation: Operation): WhatToApply {
  if (!isSavedPlan(path)) return { file: path, operation }
  const saved = readPlan(path, version())
  const own = operationNamed(saved.operation.name)
  if (own === undefined) {
    const problem = `This plan is of the operation "${beginningOf(saved.operation.name, 50)}", which this evcctl does not have.`
    throw new UserError({ where: path, problem }, { exitCode: exitCodes.badInput })
  }
  const { prune, only } = saved.operation.options
  const part = onlyParts.find(one => one === only)
  return {
    file: saved.file,
    operation: own,
    plan: { path, saved },
    ...(prune === undefined ? {} : { prune: prune === 'all' ? prune : prune.split(' ') }),
    ...(part === undefined ? {} : { only: part }),
  }
}
