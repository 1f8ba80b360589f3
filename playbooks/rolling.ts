import { containerd } from '../roles/containerd/index.ts'
import { criO } from '../roles/cri-o/index.ts'
import { docker } from '../roles/docker/index.ts'
import { kubelet } from '../roles/kubelet/index.ts'
import { kubernetesBinaries } from '../roles/kubernetes-binaries/index.ts'
import { barrier, type ClusterSpec, type GraphBuilder, type HostFacts, type Plan, type Task } from '../src/index.ts'
import { firstControlPlaneHost, isNode } from './cluster-addresses.ts'

/**
 * The largest share of the running workers whose kubelets or container runtimes are restarted at a time. Control plane
 * nodes go one by one: a restart of Docker takes their static pods along.
 */
const largestShare = 0.25

/** What they write or restart on a running node can stop its kubelet. */
const rolled = new Set([containerd, criO, docker, kubernetesBinaries, kubelet].map(({ name }) => name))

/**
 * The nodes that run already, in the batches in which they get what can stop their kubelets: one node first, to prove it;
 * the other control plane nodes one by one; then the workers, again one first, since some settings are theirs alone. Hosts
 * that are no nodes yet, or did not answer, are in none.
 */
export function runningBatches(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
): readonly (readonly string[])[] {
  const first = firstControlPlaneHost(spec, facts)
  const hosts = [first, ...spec.hosts.filter(host => host !== first && isNode(host))]
  const running = hosts.filter(({ name, roles }) => {
    const known = facts.get(name)
    if (known === undefined || known.remains?.begun === true) return false
    return roles.includes('control-plane') ? known.kubernetes.controlPlane : known.kubernetes.kubeletConf
  })
  const controlPlane = running.filter(({ roles }) => roles.includes('control-plane')).map(({ name }) => name)
  const workers = running.filter(({ roles }) => !roles.includes('control-plane')).map(({ name }) => name)
  const size = Math.max(1, Math.floor(workers.length * largestShare))
  const batches = [...controlPlane, ...workers.slice(0, 1)].map(name => [name])
  for (let at = 1; at < workers.length; at += size) batches.push(workers.slice(at, at + size))
  return batches
}

/**
 * Lets each batch wait until the nodes of the one before are well with what they got: when one is not, nothing of this is
 * written on all later ones. Nothing that is right already has to wait, nor do nodes that this run makes. `ready` is done
 * when a node is Ready; `host` runs the barriers.
 */
export function rollRunningNodes(
  builder: GraphBuilder,
  batches: readonly (readonly string[])[],
  host: string,
  ready: ReadonlyMap<string, Task>,
): void {
  const held = Map.groupBy(
    builder.tasks.filter(({ role }) => rolled.has(role)),
    task => task.host,
  )
  const scope = builder.scope(host, 'rolling')
  let previous: readonly Task[] = []
  batches.slice(1).forEach((batch, index) => {
    const gate = scope.add(barrier(`batch ${index + 1} of the running nodes is well`), {
      after: [...previous, ...batches[index]!.map(name => ready.get(name)!)],
    })
    for (const task of batch.flatMap(name => held.get(name) ?? [])) builder.holdBack(task, [gate])
    previous = [gate]
  })
}

/** In which order the running nodes of a plan change; undefined where it is none of several. */
export function rollingNote(batches: readonly (readonly string[])[], { verdicts }: Plan): string | undefined {
  const changing = new Set<string>()
  for (const [id, { is }] of verdicts) {
    const [host = '', role = ''] = id.split('/', 2)
    if (is !== 'in desired state' && rolled.has(role)) changing.add(host)
  }
  const [first, ...rest] = batches
    .map(batch => batch.filter(name => changing.has(name)))
    .filter(({ length }) => length > 0)
  if (first === undefined || rest.length === 0) return undefined
  const others = rest.flat()
  const atATime = Math.max(...rest.map(({ length }) => length))
  const named =
    others.length <= 5 ? others.join(', ') : `${others.slice(0, 3).join(', ')} and ${others.length - 3} more`
  const pace = others.length === 1 ? '' : atATime === 1 ? ' one by one' : ` up to ${atATime} at a time`
  return `Running nodes do not change all at once: ${first.join(', ')} first; when it is Ready with what is new, ${named}${pace}. One that does not become Ready gets its former configuration back, and the ones after it stay as they are.`
}
