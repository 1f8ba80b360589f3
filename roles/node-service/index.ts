import {
  type ApiAccess,
  bracket,
  type DrainSettings,
  drained,
  inService,
  nodeGone,
  type Role,
  type Task,
} from '../../src/index.ts'

export interface NodeDrainParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  readonly drain: DrainSettings
  readonly after: readonly Task[]
  /** Like `after`, but a host that was lost untouched does not count; see TaskOrder. */
  readonly afterReached: readonly Task[]
}

/** Takes a node out of service, from a control plane node that stays. */
export const nodeDrain: Role<NodeDrainParameters, { readonly drained: Task }> = {
  name: 'remove-nodes',
  declare: (scope, { api, node, drain, after, afterReached }) => ({
    drained: scope.add(drained({ api, node, drain }), { after, afterReached }),
  }),
}

export interface NodeRemovalParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  /** What the plan says of it besides. */
  readonly note?: string
  readonly after: readonly Task[]
}

/** Deletes a Node that has been drained, from a control plane node that stays. */
export const nodeRemoval: Role<NodeRemovalParameters, { readonly gone: Task }> = {
  name: 'remove-nodes',
  declare: (scope, { after, ...params }) => ({ gone: scope.add(nodeGone(params), { after }) }),
}

export interface NodeReplacementParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  readonly drain: DrainSettings
  /** What changes while the node is out of service. The last of these tasks is done when it can run pods again. */
  readonly inside: readonly Task[]
}

/** Takes a node out of service for as long as something on it changes, from a control plane node. */
export const nodeReplacement: Role<NodeReplacementParameters, { readonly returned: readonly Task[] }> = {
  name: 'node-service',
  declare(scope, { api, node, drain, inside }) {
    const enter = [drained({ api, node, drain })]
    return { returned: bracket(scope, { enter, leave: [inService({ api, node })] }, inside).left }
  },
}

export interface NodeReturnParameters {
  readonly api: ApiAccess
  /** Name of the node. */
  readonly node: string
  /** Done when the node can run pods. */
  readonly after: readonly Task[]
}

/** Returns a node to service that a run of evcctl has cordoned and left so, from a control plane node. */
export const nodeReturn: Role<NodeReturnParameters, { readonly returned: Task }> = {
  name: 'node-service',
  declare: (scope, { after, ...params }) => ({ returned: scope.add(inService(params), { after }) }),
}
