import type { Change, FieldChange, Probe, ProbeResult, Resource, Step } from '../../core/resource.ts'
import type { ImageStore } from '../artifacts/index.ts'
import { canonicalName, subjectAltNames } from '../pki/index.ts'
import { decodeFile, keptJson, linesOf, printFile } from '../support/index.ts'
import { changeSteps } from './change-steps.ts'
import type { ClusterDocuments } from './cluster-record.ts'
import { certSANsIn, podChanges } from './compare-configuration.ts'
import { kubeadmConfigurationKind, serverOf } from './configuration.ts'
import { changeMarksIn, cutOffFields, type HostMark, printChangeMarks } from './configuration-state.ts'
import { explainKubeadm } from './failure.ts'
import { fixedField } from './fixed-field.ts'
import { clusterRecord, recordPath, withFormerProxy } from './host-record.ts'
import {
  type EditedManifest,
  editedFields,
  editedManifests,
  hasApiServer,
  printEdited,
  printPlace,
  serverVersionIn,
} from './static-pods.ts'
import { kubeadmUnfinished } from './unfinished.ts'
import { impossibleUpgrade, upgradeIn } from './version-change.ts'

export interface ControlPlaneConfigurationParameters {
  /** File on the host with the kubeadm documents of this node. It must exist before. */
  readonly configuration: string
  /** The container runtime, which has the images of the control plane. */
  readonly store: ImageStore
  readonly documents: ClusterDocuments
  readonly advertiseAddress: string
  /** Port of kube-apiserver. */
  readonly bindPort: number
  /** A version that the API server has by then; see impossibleUpgrade(). */
  readonly passed?: string | undefined
  /** Path of cluster.yaml, for messages. */
  readonly file: string
}

export interface ControlPlaneConfigurationState {
  /** False until the host is a control plane node. */
  readonly joined: boolean
  /** The documents that its static pods were last made with; undefined if they are not known. */
  readonly recorded: Partial<ClusterDocuments> | undefined
  /** The names in the API server's certificate. */
  readonly certSANs: readonly string[]
  /** From the API server's manifest; empty if the manifest does not have it. */
  readonly advertiseAddress: string
  readonly bindPort: string
  /** Version of the API server, without `v`, from its manifest; empty if the manifest does not have it. */
  readonly version: string
  /** Parts with a change that has begun but not ended. */
  readonly cutOff: readonly HostMark[]
  /** Manifests that differ from what kubeadm made. */
  readonly edited: readonly EditedManifest[]
}

/**
 * The static pods and the API server certificate of a control plane node other than the first, as the cluster's documents
 * define them. The ConfigMaps of the cluster are written on the first node only: see kubeadmConfiguration.
 */
export function controlPlaneConfiguration(
  parameters: ControlPlaneConfigurationParameters,
): Resource<ControlPlaneConfigurationState, { readonly documents: ClusterDocuments }> {
  const { configuration, documents } = parameters
  const record = clusterRecord(documents)
  return {
    kind: kubeadmConfigurationKind,
    name: 'node',
    title: 'kubeadm configuration',
    probe: controlPlaneNodeProbe,
    desired: { documents },
    diff(current): Change | undefined {
      if (!current.joined) return undefined
      const { fixed, pods, names } = compare(current, parameters)
      const edited = editedFields(current.edited, pods.length > 0 || current.cutOff.includes('control plane'))
      const fields = [...cutOffFields(current.cutOff), ...fixed, ...pods, ...names, ...edited]
      if (fields.length === 0) return undefined
      const change: Change = { action: 'update', fields }
      return fixed[0] === undefined ? change : { ...change, refused: fixedField(fixed[0], parameters.file) }
    },
    converge(current): readonly Step[] {
      const { fixed, pods, names } = compare(current, { ...parameters, passed: undefined })
      if (fixed.length > 0) return [{ run: 'echo "this cannot be changed on a standing cluster" >&2\nexit 1\n' }]
      return changeSteps({
        configuration,
        store: parameters.store,
        server: serverOf(parameters),
        parts: {
          controlPlane: pods.length > 0,
          ...upgradeIn(current, documents),
          // After an interrupted change, the manifests that are put back may have been edited by hand, so they are recreated.
          edited: current.edited.length > 0 || current.cutOff.includes('control plane'),
          certificate: names.length > 0,
          kubelet: false,
          kubeProxy: false,
          upload: false,
        },
        end: [
          {
            write: record.path,
            content: clusterRecord(withFormerProxy(documents, current.recorded)).content,
            mode: 0o600,
          },
        ],
      })
    },
    explain: (failure, _desired, step) => explainKubeadm(failure, step),
  }
}

const probeScript = `if ${hasApiServer} && ! { ${kubeadmUnfinished}; }; then echo joined=yes; fi
${printChangeMarks}${printFile('record', recordPath)}${printFile('certificate', '/etc/kubernetes/pki/apiserver.crt')}${printPlace}${printEdited}`

/** Reads a control plane node without asking an API server. */
export const controlPlaneNodeProbe: Probe<ControlPlaneConfigurationState> = { script: probeScript, parse: parseState }

function parseState(raw: ProbeResult): ControlPlaneConfigurationState {
  const record = decodeFile(linesOf(raw, 'record')[0])
  return {
    joined: linesOf(raw, 'joined').length > 0,
    recorded: keptJson(record) as Partial<ClusterDocuments> | undefined,
    certSANs: subjectAltNames(decodeFile(linesOf(raw, 'certificate')[0])),
    advertiseAddress: linesOf(raw, 'advertiseAddress')[0] ?? '',
    bindPort: linesOf(raw, 'bindPort')[0] ?? '',
    version: serverVersionIn(raw),
    cutOff: changeMarksIn(raw),
    edited: editedManifests(raw),
  }
}

function compare(current: ControlPlaneConfigurationState, parameters: ControlPlaneConfigurationParameters) {
  const { documents, advertiseAddress, bindPort, passed } = parameters
  const { recorded } = current
  const wanted = { advertiseAddress, bindPort: String(bindPort) }
  const place = Object.entries(wanted).flatMap(([field, after]): readonly FieldChange[] => {
    const before = current[field as keyof typeof wanted]
    return before === '' || before === after ? [] : [{ field, before, after }]
  })
  const fixed = [...impossibleUpgrade(current, documents, passed), ...place]
  const pods = podChanges(documents.cluster, recorded?.cluster)
  const names = certSANsIn(documents.cluster)
    .filter(name => !current.certSANs.includes(canonicalName(name)))
    .map(name => ({ field: 'name in the API server certificate', after: name }))
  return { fixed, pods, names }
}
