import { UserError } from '../../core/errors.ts'
import type { FieldChange, Probe, ProbeResult } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import type { ApiSilence } from '../api/index.ts'
import { answersFor, apiPath, askApi } from '../api/index.ts'
import { subjectAltNames } from '../pki/index.ts'
import { decodeFile, hostYaml, keptJson, linesOf, printFile } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { type ClusterDocuments, clusterRecordOf, clusterRecordPath } from './cluster-record.ts'
import { newServingCertificateMark } from './serving-certificate.ts'
import {
  type EditedManifest,
  editedManifests,
  formerMark,
  printEdited,
  printPlace,
  serverVersionIn,
} from './static-pods.ts'

/** The configuration of an existing cluster. */
export type KubeadmConfigurationState =
  | { readonly api: 'absent' }
  | (ApiSilence & LocalState)
  | ({
      readonly api: 'answered'
      readonly cluster: unknown
      readonly kubelet: unknown
      /** Undefined where its configuration, or the DaemonSet that runs it, is not there. */
      readonly kubeProxy: unknown
      /** The documents that evcctl last applied completely, as recorded in the cluster; undefined if there is no record. */
      readonly made: Partial<ClusterDocuments> | undefined
      /** Documents of a change that was cut off, or failed; see ClusterRecord. */
      readonly begun: Partial<ClusterDocuments> | undefined
    } & LocalState)

/** The state of the first control plane node that can be read without the API server. */
export interface LocalState {
  /** The documents that this host recorded when its static pods were last made; undefined if there is no record. */
  readonly recorded: Partial<ClusterDocuments> | undefined
  /** True if the record exists but cannot be read. It then counts as missing, and is written again. */
  readonly recordDamaged: boolean
  /** The names in the API server's certificate. */
  readonly certSANs: readonly string[]
  /** From the API server's manifest; empty if the manifest does not have it. */
  readonly advertiseAddress: string
  readonly bindPort: string
  /** Version of the API server, without `v`, from its manifest; empty if the manifest does not have it. */
  readonly version: string
  /** Parts with a change that has begun but not ended. */
  readonly cutOff: readonly ChangeMark[]
  /** Manifests that differ from what kubeadm made. */
  readonly edited: readonly EditedManifest[]
}

/** The parts whose changes leave a mark until they have ended; see changeMarks and ClusterRecord. */
export type ChangeMark = HostMark | 'kube-proxy'

/** The parts of a control plane node among them. */
export type HostMark = 'control plane' | 'API server certificate'

/** The file on the host that marks a change of this part as begun. */
export const changeMarks: Readonly<Record<HostMark, string>> = {
  'control plane': formerMark,
  'API server certificate': newServingCertificateMark,
}

/** Probe lines: `cutOff=<part>` for each change of this host that has begun and not ended. */
export const printChangeMarks = Object.entries(changeMarks)
  .map(([part, path]) => `if [ -e ${path} ]; then echo 'cutOff=${part}'; fi\n`)
  .join('')

/** Parses the output of printChangeMarks. */
export function changeMarksIn(raw: ProbeResult): readonly HostMark[] {
  const printed = linesOf(raw, 'cutOff')
  return (Object.keys(changeMarks) as HostMark[]).filter(part => printed.includes(part))
}

/** Changes that were cut off, as a plan shows them. */
export function cutOffFields(parts: readonly ChangeMark[]): readonly FieldChange[] {
  return parts.map(field => ({ field, before: cutOffBefore, after: 'as wanted' }))
}

const cutOffBefore = 'cut off while it was changed'

/** Whether a field is one of cutOffFields(). */
export function isCutOffField({ before }: FieldChange): boolean {
  return before === cutOffBefore
}

const mapPaths = [
  ...['kubeadm-config', 'kubelet-config', 'kube-proxy'].map(
    name => `/api/v1/namespaces/kube-system/configmaps/${name}`,
  ),
  clusterRecordPath,
  apiPath({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace: 'kube-system', name: 'kube-proxy' } }),
]

/** Reads the state from the API server and from the host itself. `recordPath`: the record of the documents last applied. */
export function kubeadmConfigurationProbe(recordPath: string): Probe<KubeadmConfigurationState> {
  return surveyProbe({
    asks: [askApi(kubeadmApi, mapPaths)],
    rest: `${printChangeMarks}${printFile('record', recordPath)}${printFile('certificate', '/etc/kubernetes/pki/apiserver.crt')}${printPlace}${printEdited}`,
    parse: parseKubeadmConfiguration,
  })
}

function parseKubeadmConfiguration(raw: ProbeResult): KubeadmConfigurationState {
  const answer = answersFor(raw, mapPaths)
  if (answer.api === 'absent') return answer
  if (answer.api === 'unreachable') return { ...answer, ...localState(raw) }
  const [cluster, kubelet, kubeProxy, kept, proxyPods] = answer.objects as readonly (ConfigMap | undefined)[]
  const { documents, begun, isProxyCutOff } = clusterRecordOf(kept)
  const local = localState(raw)
  return {
    api: 'answered',
    cluster: document('kubeadm-config', cluster?.data?.ClusterConfiguration),
    kubelet: document('kubelet-config', kubelet?.data?.kubelet),
    kubeProxy: proxyPods && document('kube-proxy', kubeProxy?.data?.['config.conf']),
    made: documents,
    begun,
    ...local,
    cutOff: [...local.cutOff, ...(isProxyCutOff ? (['kube-proxy'] as const) : [])],
  }
}

function localState(local: ProbeResult): LocalState {
  const record = decodeFile(linesOf(local, 'record')[0])
  const recorded = keptJson(record) as Partial<ClusterDocuments> | undefined
  return {
    recorded,
    recordDamaged: record !== '' && recorded === undefined,
    certSANs: subjectAltNames(decodeFile(linesOf(local, 'certificate')[0])),
    advertiseAddress: linesOf(local, 'advertiseAddress')[0] ?? '',
    bindPort: linesOf(local, 'bindPort')[0] ?? '',
    version: serverVersionIn(local),
    cutOff: changeMarksIn(local),
    edited: editedManifests(local),
  }
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>
}

function document(name: string, text: unknown): unknown {
  if (text === undefined) return undefined
  const value = typeof text === 'string' ? hostYaml(text) : undefined
  if (value !== undefined) return value
  throw new UserError({
    problem: `The ConfigMap ${name} of the cluster is not what kubeadm makes: it has no YAML that can be read.`,
    next: `Look at it: kubectl --namespace kube-system get configmap ${name} -o yaml`,
  })
}
