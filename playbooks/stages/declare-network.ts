import { calico } from '../../roles/calico/index.ts'
import { cilium } from '../../roles/cilium/index.ts'
import { flannel } from '../../roles/flannel/index.ts'
import { settledNetworkRole } from '../../roles/settled-network/index.ts'
import { helmArchiveFolder, isNode, type NetworkOutputs, rollout, type Site, type Task } from '../../src/index.ts'
import type { ControlPlane, JoinedNode } from './declare-control-plane.ts'

/** The pod network of a cluster. */
export interface Network {
  /** Done when the API has the network's objects. Nodes become Ready after that. */
  readonly applied: Task
  /** Done when the current version of these objects runs on all nodes. */
  readonly rolledOut: Task
}

/**
 * Declares the pod network of cluster.yaml. Its rollout on existing nodes comes after new nodes have joined, so that these
 * need not wait for it. Calico and Cilium need files, and only the first control plane node in cluster.yaml has them. If
 * that node does not answer, the network stays as it is and the result is undefined: otherwise another node would get the
 * files, too.
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

/**
 * Installs a network that needs files, from the node that has them. `same`: done when it is certain that the cluster has no
 * other network.
 */
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
