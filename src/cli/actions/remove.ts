import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { isObjectName } from '../../resources/support/index.ts'
import { type ApplyActionOptions, apply } from './apply.ts'
import { plan } from './plan.ts'

export interface RemoveActionOptions extends Omit<ApplyActionOptions, 'prune'> {
  /** Names of nodes that the cluster has and the file has not. */
  readonly nodes: readonly string[]
  /** Show the plan and write nothing. */
  readonly dryRun: boolean
}

/** `evcctl remove`: an apply that also removes these nodes. Throws UserError for a name that no node can have. */
export function remove({ nodes, dryRun, ...options }: RemoveActionOptions): Promise<ExitCode> {
  const wrong = nodes.find(name => !isObjectName(name))
  if (nodes.length === 0 || wrong !== undefined)
    throw new UserError(
      {
        where: 'NODE',
        problem: wrong === undefined ? 'No node is named.' : `"${wrong}" is not the name of a node.`,
        expected: 'names of nodes as kubectl get nodes shows them',
        next: `evcctl remove w3${options.file === 'cluster.yaml' ? '' : ` ${options.file}`}`,
      },
      { exitCode: exitCodes.badInput },
    )
  const prune = [...new Set(nodes)]
  return dryRun ? plan({ ...options, prune, exitCode: false }) : apply({ ...options, prune })
}
