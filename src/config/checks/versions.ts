import { valid } from 'semver'
import {
  type ArtifactName,
  artifact,
  defaultsFor,
  flannelVersions,
  knowledgeOf,
  knownSha256,
  kubernetesMinors,
  networkConflict,
  newestPatch,
  runtimeConflict,
  runtimes,
  versionsOf,
} from '../../catalog/index.ts'
import type { Draft } from '../draft.ts'
import type { Path } from '../finding.ts'
import { type ClusterLock, lockedSums } from '../lock.ts'
import { nearestVersions } from '../nearest.ts'
import type { Check, Report } from './check.ts'

const architectures = ['amd64', 'arm64'] as const

/**
 * Checks that versions fit each other, and that they can be had. A version that nothing here knows is looked up when the
 * cluster is planned; but not where hosts get files of a folder, because there no site is asked.
 */
export function checkVersions(checksums: Readonly<Record<string, string>> | undefined, lock: ClusterLock): Check {
  return (draft, report) => {
    const { kubernetes, etcd, runtime, network, artifacts } = draft.sections
    const locked = lockedSums(lock)
    const known = (name: ArtifactName, version: string) =>
      architectures.some(
        one => knownSha256({ checksums: checksums ?? {}, locked }, artifact(name, version, one)) !== undefined,
      )
    const check = (path: string, names: readonly ArtifactName[], what: string, version: string | undefined) => {
      // Without readable checksums, evcctl does not know which private builds exist.
      if (artifacts.folder === undefined || checksums === undefined) return
      if (version === undefined || !draft.sound(path) || names.every(name => known(name, version))) return
      reportUnknown(path.split('.'), names, what, version, report)
    }
    if (checkMinor(draft, report))
      check('spec.kubernetes.version', ['kubelet', 'kubeadm', 'kubectl'], 'Kubernetes', kubernetes.version)
    check('spec.etcd.version', ['etcd'], 'etcd', etcd.version)
    const { title, artifact: runtimeArtifact } = runtimes[runtime.name]
    check('spec.runtime.version', [runtimeArtifact], title, runtime.version)
    check('spec.runtime.runcVersion', ['runc'], 'runc', runtime.runcVersion)
    check('spec.network.cniPluginsVersion', ['cni-plugins'], 'the CNI plugins', network.cniPluginsVersion)
    const { cni, calico, cilium } = network
    if (cni === 'calico') check('spec.network.calico.version', ['calico-manifest'], 'Calico', calico.version)
    if (cni === 'cilium') {
      check('spec.network.cilium.version', ['cilium-chart'], "Cilium's chart", cilium.version)
      check('spec.network.cilium.helmVersion', ['helm'], 'helm', cilium.helmVersion)
    }
    checkFlannelVersion(draft, report)
    checkNetworkVersion(draft, report)
    checkRuntime(draft, report)
  }
}

function reportUnknown(
  path: Path,
  names: readonly ArtifactName[],
  what: string,
  version: string,
  report: Report,
): void {
  const near = nearestVersions(version, versionsOf(names[0] ?? 'kubelet'))
  const examples = names.map(name => artifact(name, version, 'amd64').path)
  report({
    path,
    problem: `There is no version ${version} of ${what} in the catalog, and with spec.artifacts.folder none is looked up.`,
    expected: `a version of the catalog; nearest: ${near.join(', ')}`,
    next:
      'Plan the cluster once without the folder, where the release sites can be reached, and keep the lock file. For a ' +
      `private build list its checksums in spec.artifacts.checksums, e.g. of ${examples.join(', ')}`,
  })
}

// Returns false if the version needs no further check.
function checkMinor(draft: Draft, report: Report): boolean {
  const { version } = draft.sections.kubernetes
  if (version === undefined || !draft.sound('spec.kubernetes.version')) return false
  if (knowledgeOf(version) !== 'none') return true
  const newest = kubernetesMinors().map(newestPatch)
  report({
    path: ['spec', 'kubernetes', 'version'],
    problem: `Kubernetes ${version} is not a version that evcctl knows how to install.`,
    expected: `${kubernetesMinors().at(-1)} or newer; newest of the catalog: ${newest.filter(one => one !== undefined).join(', ')}`,
  })
  return false
}

function checkFlannelVersion(draft: Draft, report: Report): void {
  const { version } = draft.sections.network.flannel
  if (version === undefined || !draft.sound('spec.network.flannel.version')) return
  if (flannelVersions.some(known => known === version)) return
  report({
    path: ['spec', 'network', 'flannel', 'version'],
    problem: `There is no version ${version} of flannel in the catalog.`,
    expected: `one of ${flannelVersions.join(', ')}`,
    next: 'For a private build set spec.network.flannel.image instead.',
  })
}

function checkRuntime(draft: Draft, report: Report): void {
  const { kubernetes, runtime } = draft.sections
  const { version, name } = runtime
  const { title } = runtimes[name]
  if (name !== 'containerd' && runtime.runcVersion !== undefined)
    report({
      path: ['spec', 'runtime', 'runcVersion'],
      at: 'key',
      problem: `${title} brings its own OCI runtime: runcVersion is for containerd.`,
      next: 'Leave it out.',
    })
  if (version === undefined || valid(version) === null) return
  if (!draft.sound('spec.runtime.name', 'spec.runtime.version', 'spec.kubernetes.version')) return
  const target = kubernetes.version ?? versionsOf('kubelet')[0] ?? ''
  if (knowledgeOf(target) === 'none') return
  const wanted = runtimeConflict(name, target, version)
  if (wanted === undefined) return
  report({
    path: ['spec', 'runtime', 'version'],
    problem: `${title} ${version} does not go with Kubernetes ${target}.`,
    expected: `${title} ${wanted}; default: ${defaultsFor(target).runtimes[name]}`,
  })
}

function checkNetworkVersion(draft: Draft, report: Report): void {
  const { kubernetes, network } = draft.sections
  const { cni } = network
  if (cni !== 'calico' && cni !== 'cilium') return
  const { version } = network[cni]
  if (version === undefined || !draft.sound(`spec.network.${cni}.version`, 'spec.kubernetes.version')) return
  const target = kubernetes.version ?? versionsOf('kubelet')[0] ?? ''
  if (knowledgeOf(target) === 'none') return
  const minors = networkConflict(cni, version, target)
  if (minors === undefined) return
  const name = cni === 'calico' ? 'Calico' : 'Cilium'
  report({
    path: ['spec', 'network', cni, 'version'],
    problem: `${name} ${version} does not go with Kubernetes ${target}.`,
    expected: `Kubernetes ${minors.join(', ')}; or ${name} ${defaultsFor(target)[cni]}`,
  })
}
