import { type ArtifactName, artifact, knowledgeOf, knownSha256 } from '../catalog/index.ts'
import type { Architecture } from '../core/index.ts'
import { neededArtifacts } from './checks/sources.ts'
import type { ClusterSpec } from './spec.ts'

/** What has to be looked up before a cluster file can be planned: nothing in the file, its lock or the catalog has it. */
export interface MissingVersions {
  /** Downloads without a sha256 for any architecture. */
  readonly artifacts: readonly (readonly [name: ArtifactName, version: string])[]
  /** A Kubernetes version whose images only its own kubeadm knows. */
  readonly kubeadm?: string
}

/** The kinds of machines that upstream has programs for. */
export const architectures: readonly Architecture[] = ['amd64', 'arm64']

/** What is missing; undefined if nothing is. */
export function missingVersions(spec: ClusterSpec): MissingVersions | undefined {
  const { kubernetes, artifacts: sources } = spec
  const artifacts = neededArtifacts(spec).filter(([name, version]) =>
    architectures.every(one => knownSha256(sources, artifact(name, version, one)) === undefined),
  )
  const unknown = kubernetes.images === undefined && knowledgeOf(kubernetes.version) === 'newer'
  if (artifacts.length === 0 && !unknown) return undefined
  return { artifacts, ...(unknown ? { kubeadm: kubernetes.version } : {}) }
}
