import { type ArtifactName, artifact, folderPlaces, runtimes, upstreamSites } from '../../catalog/index.ts'
import { isMapping } from '../finding.ts'
import { nearest } from '../nearest.ts'
import type { ClusterSpec } from '../spec.ts'
import type { Check, Report } from './check.ts'

/** Checks that only one of mirror and folder is set, and that mirrors per site name sites that artifacts come from. */
export const checkSources: Check = (draft, report) => {
  const { mirror, folder } = draft.sections.artifacts
  if (mirror !== undefined && folder !== undefined) {
    report({
      path: ['spec', 'artifacts', 'folder'],
      at: 'key',
      problem: 'Artifacts come from a mirror or from a folder, not from both.',
      next: 'Remove mirror or folder.',
    })
  }
  if (!isMapping(mirror)) return
  for (const site of Object.keys(mirror)) {
    if (upstreamSites().includes(site)) continue
    const meant = nearest(site, upstreamSites())
    report({
      path: ['spec', 'artifacts', 'mirror', site],
      at: 'key',
      problem: `Nothing is downloaded from ${site}.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`,
      expected: `one of ${upstreamSites().join(', ')}`,
    })
  }
}

/**
 * Checks that a local folder has what this cluster needs for at least one architecture. The architectures of the hosts are
 * not known yet.
 */
export function checkFolder(spec: ClusterSpec, kindAt: (path: string) => string | undefined, report: Report): void {
  const { folder } = spec.artifacts
  if (folder === undefined) return
  const path = ['spec', 'artifacts', 'folder']
  if (kindAt(folder) !== 'folder') {
    report({ path, problem: `There is no folder ${folder}.` })
    return
  }
  for (const [name, version] of neededArtifacts(spec)) {
    const places = (['amd64', 'arm64'] as const).flatMap(architecture =>
      folderPlaces(folder, artifact(name, version, architecture)),
    )
    if (places.some(place => kindAt(place) === 'file')) continue
    report({
      path,
      problem: `${name} ${version} is not in the folder.`,
      expected: [...new Set(places)].join('\nor '),
      actual: 'none of these files exists',
      next: `For amd64: curl -fL --create-dirs -o '${places[0]}' '${artifact(name, version, 'amd64').url}'`,
    })
  }
}

/** Names and versions of all artifacts that the hosts of a cluster need. */
export function neededArtifacts(spec: ClusterSpec): readonly (readonly [ArtifactName, string])[] {
  const { kubernetes, runtime, network, etcd } = spec
  return [
    ['kubelet', kubernetes.version],
    ['kubeadm', kubernetes.version],
    ['kubectl', kubernetes.version],
    [runtimes[runtime.name].artifact, runtime.version],
    ...(runtime.name === 'containerd' ? [['runc', runtime.runcVersion] as const] : []),
    ['cni-plugins', network.cniPluginsVersion],
    ...(network.cni === 'calico' ? ([['calico-manifest', network.calico.version]] as const) : []),
    ...(network.cni === 'cilium'
      ? ([
          ['cilium-chart', network.cilium.version],
          ['helm', network.cilium.helmVersion],
        ] as const)
      : []),
    ...('version' in etcd ? ([['etcd', etcd.version]] as const) : []),
  ]
}
