import { isIPv6 } from 'node:net'
import type { Change, Resource, Step } from '../../core/resource.ts'
import { notAnswered } from '../api/index.ts'
import type { ImageStore } from '../artifacts/index.ts'
import { type ChangeableParts, changeSteps, recoverySteps } from './change-steps.ts'
import { type ClusterDocuments, recordBegin, recordCluster, refuseOtherRecord, unmarkProxy } from './cluster-record.ts'
import { compareConfiguration, madeOf, type WantedConfiguration } from './compare-configuration.ts'
import { cutOffFields, type KubeadmConfigurationState, kubeadmConfigurationProbe } from './configuration-state.ts'
import { explainKubeadm } from './failure.ts'
import { fixedField } from './fixed-field.ts'
import { clusterRecord, recordPath, withFormerProxy } from './host-record.ts'
import { editedFields } from './static-pods.ts'
import { upgradeIn } from './version-change.ts'

/** The kind of both resources of a node's documents and static pods. */
export const kubeadmConfigurationKind = 'kubeadm configuration'

export interface KubeadmConfigurationParameters extends WantedConfiguration {
  /** File on the host with the kubeadm documents. It must exist before. */
  readonly configuration: string
  /** The container runtime, which has the images of the control plane. */
  readonly store: ImageStore
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

/**
 * The configuration of an existing cluster: as kubeadm keeps it in ConfigMaps (kubeadm-config, kubelet-config, kube-proxy),
 * and as its first control plane node runs with it. Changed arguments of the control plane, names in the certificate, and
 * settings of kubelet and kube-proxy are applied. Changes that kubeadm cannot make later are refused.
 */
export function kubeadmConfiguration(
  parameters: KubeadmConfigurationParameters,
): Resource<KubeadmConfigurationState, { readonly documents: ClusterDocuments }> {
  const { configuration, documents } = parameters
  const record = clusterRecord(documents)
  return {
    kind: kubeadmConfigurationKind,
    // The name is the same on the other control plane nodes, so that their changes can be compared with this one.
    name: 'node',
    title: 'kubeadm configuration',
    probe: kubeadmConfigurationProbe(recordPath),
    desired: { documents },
    diff(current): Change | undefined {
      if (current.api === 'absent') return undefined
      const changes = compareConfiguration(current, parameters)
      const { fixed, cluster, names, kubelet, kubeProxy } = changes
      const edited = editedFields(current.edited, cluster.length > 0 || current.cutOff.includes('control plane'))
      const damaged = current.recordDamaged ? [{ field: record.path, before: 'damaged', after: 'written again' }] : []
      const found = [
        ...cutOffFields(current.cutOff),
        ...fixed,
        ...cluster,
        ...names,
        ...kubelet,
        ...kubeProxy,
        ...edited,
        ...damaged,
      ]
      // Nothing is left of a change that did not end, but the record of it.
      const isRecorded = current.api === 'answered' && current.begun !== undefined
      const fields =
        found.length === 0 && isRecorded ? [{ field: 'record of a change', before: 'cut off', after: 'ended' }] : found
      if (current.api === 'answered' && fields.length === 0) return undefined
      const change: Change =
        current.api === 'answered'
          ? { action: 'update', fields }
          : notAnswered(current, 'its configuration cannot be compared', { action: 'run', fields })
      return fixed[0] === undefined ? change : { ...change, refused: fixedField(fixed[0], parameters.file) }
    },
    converge(current): readonly Step[] {
      const server = serverOf(parameters)
      if (current.api === 'absent') return recoverySteps(server)
      const { cluster, names, kubelet, kubeProxy, fixed } = compareConfiguration(current, {
        ...parameters,
        passed: undefined,
      })
      if (fixed.length > 0) return [{ run: 'echo "this cannot be changed on a standing cluster" >&2\nexit 1\n' }]
      const isProxyCutOff = current.cutOff.includes('kube-proxy')
      const upgrade = upgradeIn(current, documents)
      const parts: ChangeableParts = {
        controlPlane: cluster.length > 0,
        ...upgrade,
        // After an interrupted change, the manifests that are put back may have been edited by hand, so they are recreated.
        edited: current.edited.length > 0 || current.cutOff.includes('control plane'),
        silent: current.api !== 'answered',
        certificate: names.length > 0,
        // Its defaults are those of the version of kubeadm that writes it.
        kubelet: kubelet.length > 0 || cluster.some(({ field }) => field === 'kubernetesVersion'),
        kubeProxy: documents.kubeProxy !== undefined && (kubeProxy.length > 0 || isProxyCutOff),
        upload: cluster.length > 0 || names.length > 0,
      }
      const begun = current.api === 'answered' ? current.begun : undefined
      const applied = withFormerProxy(documents, madeOf(current), begun)
      const uploads = parts.kubeProxy || parts.kubelet || parts.upload
      const begin =
        current.api === 'answered'
          ? uploads
            ? recordBegin(documents, current.begun)
            : ''
          : `${refuseOtherRecord(record.path)}${uploads ? recordBegin(documents, undefined) : ''}`
      return changeSteps({
        configuration,
        store: parameters.store,
        server,
        parts,
        ...(begin === '' ? {} : { begin }),
        end: [
          // Nothing is left to be changed of a kube-proxy that is not wanted any more.
          ...(isProxyCutOff && documents.kubeProxy === undefined ? [{ run: unmarkProxy }] : []),
          { run: recordCluster(applied) },
          { write: record.path, content: clusterRecord(applied).content, mode: 0o600 },
        ],
      })
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step),
  }
}

/** The URL of the API server on a control plane node. */
export function serverOf(node: { readonly advertiseAddress: string; readonly bindPort: number }): string {
  return `https://${isIPv6(node.advertiseAddress) ? `[${node.advertiseAddress}]` : node.advertiseAddress}:${node.bindPort}`
}
