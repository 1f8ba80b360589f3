import { z } from 'zod'
import { defineRole, nodeRuntime, runtimeNames, runtimeOfSocket, runtimes, type Task } from '../../src/index.ts'

const parameters = z.strictObject({
  /** Name of the host and of its node. */
  node: z.string(),
  runtime: z.enum(runtimeNames),
})

export type NodeRuntimeRoleParameters = z.output<typeof parameters>

/** Refuses another container runtime than the one that a node was made with. */
export const keptRuntime = defineRole<NodeRuntimeRoleParameters, { readonly kept: Task }>({
  name: 'node-runtime',
  params: parameters,
  declare(scope, { node, runtime: name }) {
    const { title, socket } = runtimes[name]
    const ofSocket = (other: string) => {
      const found = runtimeOfSocket(other)
      return found === undefined ? undefined : { name: found, title: runtimes[found].title }
    }
    return { kept: scope.add(nodeRuntime({ node, name, title, socket, ofSocket })) }
  },
})
