import {
  type ArtifactName,
  artifact,
  knowledgeOf,
  kubernetesMinors,
  minorOf,
  untestedNetwork,
} from '../catalog/index.ts'
import { neededArtifacts } from './checks/sources.ts'
import type { ClusterLock } from './lock.ts'
import type { ClusterSpec } from './spec.ts'

/** Notes on versions: a minor that evcctl was not tested with, and checksums that differ from those of the catalog. */
export function lockNotes(spec: ClusterSpec, lock: ClusterLock): readonly string[] {
  return [...untestedMinor(spec), ...newerThanNetwork(spec), ...otherThanCatalog(spec, lock)]
}

function untestedMinor({ kubernetes: { version } }: ClusterSpec): readonly string[] {
  if (knowledgeOf(version) !== 'newer') return []
  const newest = kubernetesMinors()[0]
  return [
    `evcctl was not tested with Kubernetes ${minorOf(version)}: the newest minor that it knows is ${newest}. It takes the images from the kubeadm of ${version}, and all else as for ${newest}.`,
  ]
}

function newerThanNetwork({ kubernetes, network }: ClusterSpec): readonly string[] {
  const { cni } = network
  if (cni !== 'calico' && cni !== 'cilium') return []
  const title = cni === 'calico' ? 'Calico' : 'Cilium'
  const { version } = network[cni]
  const tested = untestedNetwork(cni, version, kubernetes.version)
  if (tested === undefined) return []
  return [
    `${title} ${version} is tested by its makers with Kubernetes ${tested.join(', ')}, not with ${kubernetes.version}.`,
  ]
}

// The catalog may have got a version after it was locked. The lock stays in force, but nobody should miss the difference.
function otherThanCatalog(spec: ClusterSpec, { artifacts }: ClusterLock): readonly string[] {
  return neededArtifacts(spec).flatMap(([name, version]) => {
    const locked = artifacts[name]?.[version]
    if (locked === undefined || !differs(name, version, locked)) return []
    return [
      `The lock file has another sha256 of ${name} ${version} (from ${locked.from}) than the catalog of this evcctl. The one of the lock file is used.`,
    ]
  })
}

function differs(name: ArtifactName, version: string, locked: Partial<Record<'amd64' | 'arm64', string>>): boolean {
  return (['amd64', 'arm64'] as const).some(architecture => {
    const { sha256 } = artifact(name, version, architecture)
    return sha256 !== undefined && locked[architecture] !== undefined && locked[architecture] !== sha256
  })
}
