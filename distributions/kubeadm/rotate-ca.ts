import {
  endRotation,
  forgetRotation,
  handCa,
  makeCa,
  managerFiles,
  nodesOfRotation,
  noUseOfFormerCa,
  readAuthorities,
  readCertificatesOf,
  readRotation,
  resign,
  resignKubelet,
  signByNextCa,
  tellAggregatedApis,
  tellCas,
  trustCa,
} from '../../roles/ca-rotation/index.ts'
import {
  barrier,
  type ClusterDocuments,
  type ControlPlaneNodeParameters,
  type Inventory,
  isControlPlane,
  type Machine,
  oneByOne,
  ownApiOf,
  type RotatingNodes,
  renewDaysOf,
  type Site,
  type Task,
  withRotationFiles,
} from '../../src/index.ts'
import { controlPlaneParameters } from './control-plane-parameters.ts'
import { documentsOf } from './documents.ts'
import { nodeOf } from './node-of.ts'
import { isDropping, refuseDropping, refuseOwnFiles, refuseSeveral } from './rotation-refusals.ts'

/** See Distribution. Throws UserError also if the second step has begun, or cluster.yaml names files of CAs of its own. */
export function trustBothCas(on: Site, given: RotatingNodes): void {
  const { inventory } = on
  const rotation = begin(on, given)
  const { servers } = rotation
  if (isDropping(servers)) throw refuseDropping(inventory)
  const known = on.declare(nodesOfRotation, on.first.name, namesOf(rotation))
  const holder = holderOf(servers) ?? on.first
  // A CA that is lost is known as one of the cluster's before another one takes its place.
  const { read, authorities } = on.declare(readAuthorities, holder.name, {})
  const { made, certificates, key } = on.declare(makeCa, holder.name, { after: [known, read] })
  const handed = servers
    .filter(({ name }) => name !== holder.name)
    .map(({ name }) => on.declare(handCa, name, { certificates, key, authorities, after: [made] }))
  const all = gate(on, 'all control plane nodes have the new CA', [made, ...handed])

  const trusted = certificates.map(({ former, next }) => [former, next])
  const documents = withRotationFiles(documentsOf(inventory))
  const words = 'the former and the new CA'
  const trusting = rollNodes(rotation, 'trust both CAs', machine => {
    const order = { trusted, authorities, words, restarts: false, ...ofNode(inventory, machine) }
    if (!isControlPlane(machine.host)) return [on.declare(trustCa, machine.name, { ...order, after: [all] })]
    const { written, configured } = on.declare(managerFiles, machine.name, manager(on, machine, documents, [all]))
    return [...written, configured, on.declare(trustCa, machine.name, { ...order, after: [configured] })]
  })
  const servings = servers.flatMap(({ name }) => trusting.get(name) ?? [])
  const { told } = on.declare(tellCas, on.first.name, { trusted, words, after: servings, publishedAfter: servings })
  const allTrust = gate(on, 'all nodes trust both CAs', [...[...trusting.values()].flat(), told])

  const signing = servers.map(({ name }) => on.declare(signByNextCa, name, { after: [allTrust] }))
  oneByOne(
    on.builder,
    signing.map(task => [task]),
  )
  const allSign = gate(on, 'the new CA signs on all control plane nodes', signing)

  const ca = certificates.map(({ next }) => next)
  const renewDays = renewDaysOf(documents.cluster, 'due')
  rollNodes(rotation, 'have certificates by the new CA', machine => {
    const { name } = machine
    const { bindPort } = inventory.spec.controlPlane
    const own = isControlPlane(machine.host)
      ? [on.declare(resign, name, { node: nodeOf(inventory.spec, machine), bindPort, renewDays, ca, after: [allSign] })]
      : []
    const { node, ready } = ofNode(inventory, machine)
    const after = [allSign, ...own]
    return [...own, on.declare(resignKubelet, name, { node, ready, ca, endpoint: inventory.endpoint, after })]
  })
}

/** See Distribution. Throws UserError also if cluster.yaml names files of CAs of its own. */
export function dropFormerCa(on: Site, given: RotatingNodes): void {
  const { inventory } = on
  const rotation = begin(on, given)
  const { servers, nodes } = rotation
  const holder = servers.find(({ facts }) => facts.kubernetes.caRotation !== undefined)
  if (holder === undefined) return
  const known = on.declare(nodesOfRotation, on.first.name, namesOf(rotation))
  const { authorities } = on.declare(readAuthorities, holder.name, {})
  const { certificates } = on.declare(readRotation, holder.name, {})
  const files = [...on.distribution.facts.certificates, ...on.distribution.certificates.more]
  const found = new Map(nodes.map(({ name }) => [name, on.declare(readCertificatesOf, name, { files }).found]))
  const begun = isDropping(servers)
  const unused = on.declare(noUseOfFormerCa, holder.name, { certificates, nodes: found, begun, after: [known] })

  const trusted = certificates.map(({ next }) => [next])
  const documents = documentsOf(inventory)
  const words = 'the new CA alone'
  const dropped = rollNodes(rotation, 'trust the new CA alone', machine => {
    const order = { trusted, authorities, words, restarts: true, ...ofNode(inventory, machine) }
    const trust = on.declare(trustCa, machine.name, { ...order, after: [unused] })
    if (!isControlPlane(machine.host)) return [trust]
    const { written, configured } = on.declare(managerFiles, machine.name, manager(on, machine, documents, [trust]))
    return [trust, ...written, configured, on.declare(endRotation, machine.name, { after: [configured] }).keys]
  })
  const all = [...dropped.values()].flat()
  const servings = servers.flatMap(({ name }) => dropped.get(name) ?? [])
  const said = { trusted, words, after: servings }
  const { told, published } = on.declare(tellCas, on.first.name, { ...said, publishedAfter: servings })
  const aggregated = on.declare(tellAggregatedApis, on.first.name, said)
  const done = gate(on, 'nobody trusts the former CA', [...all, told, published, aggregated])
  // The others read the CAs of the rotation where they are read from until the end.
  const forgotten = servers
    .filter(({ name }) => name !== holder.name)
    .map(({ name }) => on.declare(forgetRotation, name, { after: [done] }))
  on.declare(forgetRotation, holder.name, { after: [done, ...forgotten] })
}

interface Rotation extends RotatingNodes {
  readonly on: Site
  /** Those of the nodes with an API server. */
  readonly servers: readonly Machine[]
}

function begin(on: Site, given: RotatingNodes): Rotation {
  const servers = given.nodes.filter(({ host }) => isControlPlane(host))
  refuseOwnFiles(on.inventory.spec)
  refuseSeveral(servers)
  return { on, ...given, servers }
}

function namesOf({ on, nodes }: Rotation) {
  return { nodes: nodes.map(({ name }) => name), file: on.inventory.spec.file }
}

function gate({ builder, first }: Site, what: string, after: readonly Task[]): Task {
  return builder.scope(first.name, 'ca-rotation').add(barrier(what), { after })
}

// The one that has the next CA with its key; of several the one whose host is the first. Where the key is lost, one that says so.
function holderOf(servers: readonly Machine[]): Machine | undefined {
  const rotating = servers.filter(({ facts }) => facts.kubernetes.caRotation !== undefined)
  return rotating.find(({ facts }) => facts.kubernetes.caRotation?.hasKey === true) ?? rotating[0]
}

/** Declares the work on each node, batch by batch; gives the tasks of each node by its name. */
function rollNodes(
  { nodes, roll }: Rotation,
  what: string,
  declare: (machine: Machine) => readonly Task[],
): ReadonlyMap<string, readonly Task[]> {
  const tasks = new Map(nodes.map(machine => [machine.name, declare(machine)]))
  roll({ what, tasks })
  return tasks
}

function ofNode({ spec }: Inventory, machine: Machine) {
  const server = isControlPlane(machine.host) ? { server: `https://${ownApiOf(spec, machine)}` } : {}
  return { node: machine.name, ready: spec.network.cni !== 'none', ...server }
}

function manager(
  on: Site,
  machine: Machine,
  documents: ClusterDocuments,
  after: readonly Task[],
): ControlPlaneNodeParameters & { readonly isFirst: boolean } {
  const parameters = controlPlaneParameters(on, machine, { documents, renewal: 'due', after })
  return { ...parameters, isFirst: machine.name === on.first.name }
}
