import { type HostFacts, type Inventory, isNode } from '../index.ts'
import type { CheckedCluster } from './finding.ts'
import { uselessNameservers } from './name-servers.ts'
import { isOrWasBegun } from './node.ts'
import { isOwnCniFile, isOwnInterface } from './pod-network.ts'

/** A note about one host that people should know and that stops nothing. */
export interface HostNote {
  readonly host: string
  readonly text: string
}

/** Notes about things on hosts that are no nodes yet: they become, or stay, part of the node. */
export function takenOver({
  spec,
  distribution,
  facts,
}: Pick<Inventory, 'spec' | 'distribution' | 'facts'>): readonly HostNote[] {
  return spec.hosts.flatMap(host => {
    const known = facts.get(host.name)
    if (known === undefined || isOrWasBegun(known) || !isNode(host)) return []
    return textsOf({ spec, distribution }, known).map(text => ({ host: host.name, text }))
  })
}

function textsOf({ spec, distribution }: CheckedCluster, facts: HostFacts): readonly string[] {
  const { packages, cniFiles, interfaces, criOFiles, kubernetesFiles } = facts.remains
  const { cni } = spec.network
  const beside = packages.filter(name => spec.runtime.name !== 'docker' || name !== 'containerd')
  const left = [
    // evcctl removes the file of an earlier flannel, and plan shows this.
    ...(cni === 'flannel' ? [] : cniFiles.filter(path => isOwnCniFile(spec, path))),
    ...interfaces.filter(name => name !== 'tunl0' && isOwnInterface(spec, name)),
  ]
  const manifests = kubernetesFiles.filter(path => path.startsWith(distribution.staticPods))
  const dropIns = criOFiles.filter(path => !path.endsWith('/10-evcctl.conf'))
  const servers = uselessNameservers(spec, facts)
  return [
    ...(beside.length === 0
      ? []
      : [
          `The host has these packages already: ${beside.join(', ')}. They stay; evcctl's units replace units of the same name and use programs in /usr/local.`,
        ]),
    ...(left.length === 0
      ? []
      : [`An earlier ${cni} left ${shortened(left)}, and the ${cni} of this cluster takes this over.`]),
    ...(manifests.length === 0
      ? []
      : [`The kubelet will run these manifests, which are there already: ${shortened(manifests)}`]),
    ...(spec.runtime.name !== 'cri-o' || dropIns.length === 0
      ? []
      : [`CRI-O also reads these files: ${shortened(dropIns)}`]),
    ...(servers === undefined ? [] : [servers]),
  ]
}

function shortened(names: readonly string[]): string {
  const some = names.slice(0, 5)
  return names.length > some.length ? `${some.join(', ')} and ${names.length - some.length} more` : some.join(', ')
}
