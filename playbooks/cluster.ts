import { controlPlane } from '../roles/control-plane/index.ts'
import { joinControlPlane } from '../roles/control-plane-join/index.ts'
import { kubelet } from '../roles/kubelet/index.ts'
import { nodes } from '../roles/nodes/index.ts'
import { worker } from '../roles/worker/index.ts'
import {
  type ClusterSecrets,
  type ClusterSpec,
  type Graph,
  GraphBuilder,
  type HostFacts,
  type KubeletFlag,
  runtimes,
  type Task,
} from '../src/index.ts'
import {
  controlPlaneNodes,
  endpointOf,
  firstControlPlane,
  isNode,
  type Machine,
  machinesOf,
  ownApiOf,
} from './cluster-addresses.ts'
import { declareClusterDns } from './cluster-dns.ts'
import { documentsOf } from './cluster-documents.ts'
import { declareEtcd, declareEtcdRemoval } from './cluster-etcd.ts'
import { declareEtcdClient, declareEtcdGuard } from './cluster-etcd-client.ts'
import { hasEtcdHosts, prepareEtcdHosts } from './cluster-etcd-hosts.ts'
import { openFirewalls } from './cluster-firewall.ts'
import { prepareHost } from './cluster-host.ts'
import { declareNetworkCheck } from './cluster-network-check.ts'
import { declareNetwork } from './cluster-network-roles.ts'
import { labelsFor, managedTaints, taintsFor } from './cluster-nodes.ts'
import { proxyOf } from './cluster-proxy.ts'
import { forgetFormerNetwork } from './former-network.ts'
import { rollEtcdClients, rollFirewalls, rollRunningNodes } from './rolling.ts'
import { isRunningNode } from './standing.ts'

/** A host that has become a node, and the flags that its kubelet is to have. */
interface NodeMade {
  readonly joined: Task
  readonly kubeletFlags: readonly KubeletFlag[]
}

/**
 * Create a cluster, or bring it to what cluster.yaml says. Hosts without facts (they could not be reached) are left
 * out. `secrets` are those that the file names. Throws UserError when there is nothing to be done without them: the first control plane node.
 */
export function clusterGraph(
  spec: ClusterSpec,
  facts: ReadonlyMap<string, HostFacts>,
  secrets: ClusterSecrets = { registries: {} },
): Graph {
  const builder = new GraphBuilder()
  const machines = machinesOf(spec, facts, proxyOf(spec, secrets))
  const first = firstControlPlane(spec, machines)
  const others = machines.filter(machine => machine !== first && isNode(machine.host))
  const endpoint = endpointOf(spec)
  const documents = documentsOf(spec, machines)
  const addresses = controlPlaneNodes(spec, machines).map(({ address }) => address)
  const opened = openFirewalls(builder, spec, machines)
  const prepared = new Map(
    machines
      .filter(({ host }) => isNode(host))
      .map(
        machine => [machine, prepareHost(builder, spec, secrets, machine, addresses, opened.get(machine)!)] as const,
      ),
  )
  const etcd = hasEtcdHosts(spec)
    ? declareEtcd(builder, spec, machines, prepareEtcdHosts(builder, spec, machines, prepared, opened))
    : undefined
  const etcdClient = (machine: Machine) =>
    declareEtcdClient(builder, spec, machines, machine, prepared.get(machine)!.system, etcd)

  const reached = etcdClient(first)
  // A node that joins a standing cluster needs the firewalls of the others open.
  const inside = machines
    .filter(({ host }) => host.roles.some(role => role !== 'worker'))
    .flatMap(machine => opened.get(machine)!)
  const letIn = (machine: Machine) => (isRunningNode(machine.host, facts) ? [] : inside)
  const cleared = (machine: Machine) => forgetFormerNetwork(builder, spec, machine, facts)

  const cluster = controlPlane.declare(builder.scope(first.host.name, controlPlane.name), {
    file: spec.file,
    node: nodeOf(spec, first),
    documents,
    initPatch: spec.kubernetes.initConfiguration,
    endpoint,
    bindPort: spec.controlPlane.bindPort,
    ignorePreflightErrors: [...spec.kubernetes.ignorePreflightErrors],
    after: [
      ...prepared.get(first)!.ready,
      ...letIn(first),
      ...cleared(first),
      ...reached,
      ...declareEtcdGuard(builder, spec, machines, first, reached),
    ],
  })
  const joined = new Map<Machine, NodeMade>([
    [first, { joined: cluster.initialised, kubeletFlags: cluster.kubeletFlags }],
  ])
  let previous: Task = cluster.configured
  for (const machine of others.filter(isControlPlane)) {
    const role = joinControlPlane.declare(builder.scope(machine.host.name, joinControlPlane.name), {
      file: spec.file,
      node: nodeOf(spec, machine),
      others: addresses.filter(address => address !== machine.address),
      documents,
      initPatch: spec.kubernetes.initConfiguration,
      joinPatch: spec.kubernetes.joinConfiguration,
      endpoint,
      bindPort: spec.controlPlane.bindPort,
      identity: cluster.identity,
      token: cluster.token,
      certificateKey: cluster.certificateKey,
      ignorePreflightErrors: [...spec.kubernetes.ignorePreflightErrors],
      // It takes over what the cluster remembers.
      after: [
        ...prepared.get(machine)!.ready,
        ...letIn(machine),
        ...cleared(machine),
        ...etcdClient(machine),
        cluster.configured,
      ],
      previous,
    })
    joined.set(machine, role)
    previous = role.configured
  }
  // No API server asks a former member any more.
  if (etcd !== undefined) declareEtcdRemoval(builder, spec, machines, [...etcd.healthy, previous])
  for (const machine of others.filter(machine => !isControlPlane(machine))) {
    const role = worker.declare(builder.scope(machine.host.name, worker.name), {
      node: nodeOf(spec, machine),
      endpoint,
      identity: cluster.identity,
      token: cluster.token,
      kubeletConfiguration: documents.kubelet,
      joinPatch: spec.kubernetes.joinConfiguration,
      ignorePreflightErrors: [...spec.kubernetes.ignorePreflightErrors],
      after: [...prepared.get(machine)!.ready, ...letIn(machine), ...cleared(machine)],
    })
    joined.set(machine, role)
  }
  const home = [...joined].find(([{ host }]) => host === spec.hosts.find(one => one.roles.includes('control-plane')))
  const network = declareNetwork(builder, spec, {
    first: { machine: first, joined: cluster.initialised },
    home: home && { machine: home[0], joined: home[1].joined, downloads: prepared.get(home[0])!.system },
    joined: [...joined.values()].map(made => made.joined),
  })
  // A network that somebody else sets up comes after the apply: `evcctl network check` is for that.
  const hasNetwork = spec.network.cni !== 'none'
  const up = new Map<Machine, readonly Task[]>()
  const nodesReady = new Map<string, Task>()
  for (const [machine, made] of joined) {
    const { ready } = kubelet.declare(builder.scope(machine.host.name, kubelet.name), {
      configuration: documents.kubelet,
      flags: [...made.kubeletFlags],
      joined: made.joined,
      uploaded: cluster.configured,
      watch: [...prepared.get(machine)!.kubelet],
      node: machine.host.name,
      endpoint,
      ...(isControlPlane(machine) ? { ownApi: ownApiOf(spec, machine) } : {}),
      runtime: spec.runtime.name,
      registryCredentials: { ...secrets.registries },
      kept: [...prepared.get(machine)!.kept],
      ready: hasNetwork,
      ...(network === undefined ? {} : { network: network.applied }),
    })
    const { announced } = nodes.declare(builder.scope(first.host.name, nodes.name), {
      node: machine.host.name,
      labels: labelsFor(machine.host),
      taints: [...taintsFor(machine.host)],
      managedTaints: [...managedTaints(machine.host)],
      joined: made.joined,
      ...(spec.network.cni === 'flannel' ? { flannel: { address: machine.address, ready } } : {}),
    })
    nodesReady.set(machine.host.name, ready)
    up.set(machine, [ready, ...(announced === undefined ? [] : [announced])])
  }
  const rolling = { spec, facts, host: first.host.name, ready: nodesReady }
  rollFirewalls(builder, rolling)
  rollEtcdClients(builder, rolling)
  rollRunningNodes(builder, rolling)
  declareClusterDns(builder, spec, { first, initialised: cluster.initialised, up })
  const connected = [...up.values()].flat()
  if (network !== undefined) connected.push(network.rolledOut)
  if (hasNetwork) declareNetworkCheck(builder, spec, machines, { first, connected })
  return builder.build()
}

function isControlPlane({ host }: Machine): boolean {
  return host.roles.includes('control-plane')
}

function nodeOf({ runtime }: ClusterSpec, { host, address }: Machine) {
  return { name: host.name, address, criSocket: runtimes[runtime.name].socket, taints: [...taintsFor(host)] }
}
