import { minor } from 'semver'
import type { Change, Resource, Step } from '../../core/resource.ts'
import { kubectl } from '../api/index.ts'
import { cacheFolder, cachePath, type ImageStore } from '../artifacts/index.ts'
import { deepMerge, type KubernetesDocument, retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { changeSteps } from './change-steps.ts'
import { serverOf } from './configuration.ts'
import { cutOffFields } from './configuration-state.ts'
import { type ControlPlaneConfigurationState, controlPlaneNodeProbe } from './control-plane-configuration.ts'
import { renderDocuments } from './documents.ts'
import { explainKubeadm } from './failure.ts'
import { recordPath } from './host-record.ts'
import { upgradeIn } from './version-change.ts'

export interface MinorOnTheWayParameters {
  /** The version that the node passes through, without `v`. */
  readonly version: string
  /** The version that the upgrade leads to, without `v`. */
  readonly target: string
  /** sha256 of the download of its kubeadm, which lies on the host. */
  readonly kubeadm: string
  readonly init: KubernetesDocument
  /** The ClusterConfiguration of the target. */
  readonly cluster: KubernetesDocument
  /** The container runtime, which has the images. */
  readonly store: ImageStore
  readonly advertiseAddress: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
}

/** The ClusterConfiguration for a version on the way. Its kubeadm is asked for static pods only, so it names no image of an addon. */
export function clusterOnTheWay(cluster: KubernetesDocument, version: string): KubernetesDocument {
  const withoutAddons = { dns: { disabled: true }, proxy: { disabled: true } }
  return deepMerge({ ...cluster, kubernetesVersion: `v${version}` }, withoutAddons)
}

/**
 * The static pods of a control plane node have at least a version that is on the way to the wanted one, since API servers and etcd
 * go up by one minor at a time. The kubeadm of that version makes them, from the settings of cluster.yaml; kubelet, kube-proxy and
 * CoreDNS stay as they are. The ConfigMap kubeadm-config gets no more than the version: what else the file changes is written at
 * the end of the way. Nothing of that kubeadm stays on the host.
 */
export function minorOnTheWay(
  parameters: MinorOnTheWayParameters,
): Resource<ControlPlaneConfigurationState, { readonly version: string }> {
  const { version, target } = parameters
  return {
    kind: 'minor on the way',
    name: version,
    title: `control plane to ${version} on the way to ${target}`,
    probe: controlPlaneNodeProbe,
    desired: { version },
    diff(current): Change | undefined {
      if (!current.joined || current.version === '' || minor(current.version) >= minor(version)) return undefined
      const fields = [
        ...cutOffFields(current.cutOff),
        { field: 'kubernetesVersion', before: `v${current.version}`, after: `v${version}` },
      ]
      return { action: 'update', fields }
    },
    converge: current => stepsFrom(current, parameters),
    explain(failure, _desired, step) {
      const found = explainKubeadm(failure, step)
      if (found === undefined) return undefined
      const where = `On the way to ${target}, the control plane does not get to ${version}. ${found.problem}`
      const pulled = step !== undefined && 'run' in step && step.run.includes('config images pull')
      return { ...found, problem: where, ...(pulled ? { next: imagesNext(version) } : {}) }
    },
  }
}

function imagesNext(version: string): string {
  return `Let the host have the images of ${version}, too: from its registry, or in spec.images.archives, e.g. of docker save registry.k8s.io/kube-apiserver:v${version} and the others that its kubeadm config images list names. Then apply again.`
}

function stepsFrom(current: ControlPlaneConfigurationState, parameters: MinorOnTheWayParameters): readonly Step[] {
  const { version, kubeadm, init, store } = parameters
  const cluster = { ...parameters.cluster, kubernetesVersion: `v${version}` }
  // Programs do not run from /run and /tmp where these are mounted with noexec.
  const folder = `${cacheFolder}/kubeadm-${version}`
  const configuration = `${folder}/kubeadm.yaml`
  const wanted = { cluster, kubelet: {}, kubeProxy: undefined }
  const steps = changeSteps({
    configuration,
    store,
    server: serverOf(parameters),
    parts: {
      controlPlane: true,
      ...upgradeIn(current, wanted),
      edited: current.edited.length > 0 || current.cutOff.includes('control plane'),
      certificate: false,
      kubelet: false,
      kubeProxy: false,
      upload: false,
    },
    end: [
      { run: uploadVersion(version) },
      // The rest of the record is of what this node runs still.
      { write: recordPath, content: `${JSON.stringify({ ...current.recorded, cluster })}\n`, mode: 0o600 },
    ],
  })
  return [
    { run: install(folder, cachePath(kubeadm)) },
    { write: configuration, content: renderDocuments([init, clusterOnTheWay(cluster, version)]), mode: 0o600 },
    ...steps.map(step => ('run' in step ? { ...step, run: `PATH=${folder}:$PATH\n${step.run}` } : step)),
    { run: `rm -rf ${folder} ${cachePath(kubeadm)}\n` },
  ]
}

function install(folder: string, download: string): string {
  return `rm -rf ${folder}
mkdir -p -m 0700 ${folder}
install -m 0700 ${download} ${folder}/kubeadm
`
}

// kubectl prints the ClusterConfiguration as a text of JSON, in which a line ends with \n.
function uploadVersion(version: string): string {
  const configMaps = `${kubectl(kubeadmApi, 30)} --namespace kube-system`
  const line = (pattern: string) => String.raw`\\nkubernetesVersion: ${pattern}\\n`
  return `upload_version() {
  stored=$(${configMaps} get configmap kubeadm-config --output json) || return 1
  printf '%s\\n' "$stored" | sed 's/${line('v[0-9A-Za-z.+-]*')}/${line(`v${version}`)}/' |
    ${configMaps} replace --validate=false --filename - >/dev/null
}
${retried('upload_version')}`
}
