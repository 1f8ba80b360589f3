import { nodeRuntime, type Role, type RuntimeName, runtimeOfSocket, runtimes, type Task } from '../../src/index.ts'

export interface NodeRuntimeRoleParameters {
  /** Name of the host and of its node. */
  readonly node: string
  readonly runtime: RuntimeName
}

/** Refuses a container runtime other than the one that the node runs with. */
export const keptRuntime: Role<NodeRuntimeRoleParameters, { readonly kept: Task }> = {
  name: 'node-runtime',
  declare(scope, { node, runtime: name }) {
    const { title, socket } = runtimes[name]
    const ofSocket = (other: string) => {
      const found = runtimeOfSocket(other)
      return found === undefined ? undefined : { name: found, title: runtimes[found].title }
    }
    return { kept: scope.add(nodeRuntime({ node, name, title, socket, ofSocket })) }
  },
}
