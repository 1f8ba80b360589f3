import { nodeReplacement } from '../roles/node-service/index.ts'
import { type Batches, type ClusterSpec, type GraphBuilder, gateAfter, type Task, userGate } from '../src/index.ts'

interface Asked {
  readonly spec: ClusterSpec
  /** The host in whose name the user is asked. */
  readonly host: string
  readonly batches: Batches
  /** The tasks between two batches. */
  readonly barriers: readonly Task[]
  /** The tasks that change running nodes. */
  readonly changed: readonly Task[]
  /** What the batches are of, where the run has others, too. Default: they are of all changes. */
  readonly of?: string
}

/** Asks the user's own command, where there is one, after each batch whether the next one changes. */
export function askUser(builder: GraphBuilder, { spec, host, batches, barriers, changed, of }: Asked): void {
  const scope = builder.scope(host, 'rolling')
  const byHost = Map.groupBy(changed, task => task.host)
  const drains = Map.groupBy(
    builder.tasks.filter(({ role }) => role === nodeReplacement.name),
    ({ resource }) => resource.name,
  )
  for (const [index, barrier] of barriers.entries()) {
    const [nodes = [], next = []] = batches.slice(index)
    const gate = gateAfter(spec, nodes)
    if (gate === undefined) continue
    const { command, folder, timeout: timeoutMs } = gate
    const asked = scope.add(
      userGate({
        ...(of === undefined ? {} : { of }),
        command,
        folder,
        timeoutMs,
        cluster: spec.name,
        nodes,
        batch: index + 1,
      }),
      {
        after: [barrier],
        enters: next.flatMap(name => byHost.get(name) ?? []),
      },
    )
    // A drain comes before what is inside its own bracket, so it would not wait for the user's gate by itself.
    for (const drain of next.flatMap(name => drains.get(name) ?? [])) {
      if (drain.enters === true) builder.holdBack(drain, [asked])
    }
  }
}
