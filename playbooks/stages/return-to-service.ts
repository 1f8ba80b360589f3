import { nodeReturn } from '../../roles/node-service/index.ts'
import type { Site } from '../../src/index.ts'
import type { RunningNode } from './run-nodes.ts'

/**
 * Uncordons nodes that evcctl has cordoned and that stay: a run was cut off, or a node was to leave and is wanted again. A node
 * that somebody else cordoned stays so.
 */
export function returnToService({ distribution, first, declare }: Site, nodes: readonly RunningNode[]): void {
  for (const { machine, up } of nodes)
    declare(nodeReturn, first.name, { api: distribution.api, node: machine.name, after: up })
}
