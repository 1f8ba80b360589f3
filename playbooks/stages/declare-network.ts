import { calico } from '../../roles/calico/index.ts'
import { cilium } from '../../roles/cilium/index.ts'
import { flannel } from '../../roles/flannel/index.ts'
import { settledNetworkRole } from '../../roles/settled-network/index.ts'
import { helmArchiveFolder, isNode, type NetworkOutputs, rollout, type Site, type Task } from '../../src/index.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'

/** The pod network of a cluster. */
export interface Network {
  /** Done when the cluster has its objects: nodes become Ready by it. */
  readonly applied: Task
  /** Done when what was changed of it runs on all nodes. */
  readonly rolledOut: Task
}

/**
 * The pod network of cluster.yaml. Its rollout on nodes that have one comes after new ones have joined: those need not wait
 * for it, nor for the host that would wait meanwhile. What needs files is set up from the first control plane node of cluster.yaml and no
 * other: else the files would wander when that is off. Then the network is left as it is, and undefined is returned.
 */
export function declareNetwork(
  on: Site,
  controlPlane: ControlPlane,
  nodes: readonly JoinedNode[],
): Network | undefined {
  const { spec, networkHome } = on.inventory
  const { cni } = spec.network
  if (cni === 'none') return undefined
  const { first } = controlPlane
  const home = controlPlane.nodes.find(({ machine }) => machine.host === networkHome)
  const from = cni === 'flannel' ? first : home
  const { same } = on.declare(settledNetworkRole, on.first.name, {
    api: on.distribution.api,
    installKubeProxy: on.distribution.byHand.installKubeProxy,
    cni,
    file: spec.file,
    after: [...new Set([first.joined, (from ?? first).joined])],
    ...(cni === 'cilium' ? { kubeProxy: on.distribution.addons(spec).kubeProxy } : {}),
  })
  if (from === undefined) return undefined
  const { applied, daemonSet } = cni === 'flannel' ? applyFlannel(on, same) : applyFrom(on, from, { cni, same })
  const order = { after: nodes.map(({ joined }) => joined), watch: [applied] }
  return {
    applied,
    rolledOut: on.builder
      .scope(from.machine.name, cni)
      .add(rollout({ api: on.distribution.api, name: cni, daemonSet }), order),
  }
}

function applyFlannel({ inventory, distribution, first, declare }: Site, controlPlane: Task): NetworkOutputs {
  const { podCIDR, flannel: settings } = inventory.spec.network
  const { backend, image } = settings
  return declare(flannel, first.name, {
    api: distribution.api,
    podCIDR,
    backend,
    image,
    endpoint: inventory.endpoint,
    controlPlane,
  })
}

/** Sets up a network that needs files, from the node that has them. `same`: done when no other network is there. */
function applyFrom(
  { inventory, distribution, declare }: Site,
  { machine, system, opened }: JoinedNode,
  { cni, same }: { readonly cni: 'calico' | 'cilium'; readonly same: Task },
): NetworkOutputs {
  const { spec, endpoint } = inventory
  const { podCIDR, calico: calicoSpec, cilium: ciliumSpec } = spec.network
  const find = inventory.downloads(machine)
  const common = { api: distribution.api, downloadAfter: [...system, ...opened], controlPlane: same }
  if (cni === 'calico') {
    const { encapsulation, registry } = calicoSpec
    const manifest = find('calico-manifest', calicoSpec.version)
    return declare(calico, machine.name, { manifest, podCIDR, encapsulation, registry, ...common })
  }
  return declare(cilium, machine.name, {
    chart: find('cilium-chart', ciliumSpec.version),
    helm: find('helm', ciliumSpec.helmVersion),
    helmFolder: helmArchiveFolder(machine),
    kubeProxyReplacement: ciliumSpec.kubeProxyReplacement,
    values: ciliumSpec.values,
    nodes: spec.hosts.filter(isNode).length,
    endpoint,
    ...common,
  })
}
