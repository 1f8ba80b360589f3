import { parse } from 'yaml'
import type { ProbeResult } from '../core/resource.ts'
import type { KubernetesDocument } from './kubeadm-documents.ts'
import { decodeFile, printFile, subjectAltNames } from './kubeadm-state.ts'
import { askScript, parseAnswer } from './kubectl.ts'
import { linesOf } from './probe-output.ts'

/** The documents that are the same for the whole cluster. */
export interface ClusterDocuments {
  readonly cluster: KubernetesDocument
  readonly kubelet: KubernetesDocument
  /** Undefined: the cluster has no kube-proxy of kubeadm. */
  readonly kubeProxy: KubernetesDocument | undefined
}

/** How a standing cluster is configured. */
export type KubeadmConfigurationState =
  | { readonly api: 'absent' }
  | ({ readonly api: 'unreachable'; readonly said: string } & LocalState)
  | ({
      readonly api: 'answered'
      readonly cluster: unknown
      readonly kubelet: unknown
      readonly kubeProxy: unknown
    } & LocalState)

/** What the first control plane node knows without asking the API server. */
export interface LocalState {
  /** What evcctl made of it last; undefined: nothing. */
  readonly recorded: Partial<ClusterDocuments> | undefined
  /** Of the API server's certificate. */
  readonly certSANs: readonly string[]
  /** Of the API server's manifest; empty when it does not say. */
  readonly advertiseAddress: string
  readonly bindPort: string
  /** Parts of which a change was begun and not ended. */
  readonly cutOff: readonly ChangeMark[]
}

/** A change of these is under way as long as its mark is there; see changeMarks. */
export type ChangeMark = 'control plane' | 'kube-proxy'

// As long as it is there, the manifests beside it are those from before a change that did not end.
export const formerManifests = '/var/lib/evcctl/manifests'

/** The file that tells on the host that a change of this part has begun. */
export const changeMarks: Readonly<Record<ChangeMark, string>> = {
  'control plane': `${formerManifests}/complete`,
  'kube-proxy': '/var/lib/evcctl/kube-proxy.unfinished',
}

/** The read-only script that parseKubeadmConfiguration understands. */
export function kubeadmConfigurationScript(recordPath: string): string {
  const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml'
  const marks = Object.entries(changeMarks).map(([part, path]) => `if [ -e ${path} ]; then echo 'cutOff=${part}'; fi\n`)
  return `${marks.join('')}${printFile('record', recordPath)}${printFile('certificate', '/etc/kubernetes/pki/apiserver.crt')}sed -n 's/^ *- --advertise-address=/advertiseAddress=/p; s/^ *- --secure-port=/bindPort=/p' ${manifest} 2>/dev/null
echo answer
${askScript('--namespace kube-system get configmap kubeadm-config kubelet-config kube-proxy --ignore-not-found -o json')}`
}

export function parseKubeadmConfiguration(raw: ProbeResult): KubeadmConfigurationState {
  const at = raw.stdout.indexOf('answer\n')
  const local = { ...raw, stdout: raw.stdout.slice(0, at) }
  const answer = parseAnswer({ ...raw, stdout: raw.stdout.slice(at + 'answer\n'.length) })
  if (answer.api === 'absent') return answer
  if (answer.api === 'unreachable') return { ...answer, ...localState(local) }
  const maps = configMaps(answer.text)
  return {
    api: 'answered',
    cluster: document(maps.get('kubeadm-config')?.ClusterConfiguration),
    kubelet: document(maps.get('kubelet-config')?.kubelet),
    kubeProxy: document(maps.get('kube-proxy')?.['config.conf']),
    ...localState(local),
  }
}

function localState(local: ProbeResult): LocalState {
  const record = decodeFile(linesOf(local, 'record')[0])
  return {
    recorded: record === '' ? undefined : (JSON.parse(record) as Partial<ClusterDocuments>),
    certSANs: subjectAltNames(decodeFile(linesOf(local, 'certificate')[0])),
    advertiseAddress: linesOf(local, 'advertiseAddress')[0] ?? '',
    bindPort: linesOf(local, 'bindPort')[0] ?? '',
    cutOff: linesOf(local, 'cutOff') as readonly ChangeMark[],
  }
}

interface ConfigMap {
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
}

function configMaps(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const list = text === '' ? { items: [] } : (JSON.parse(text) as { readonly items: readonly ConfigMap[] })
  return new Map(list.items.map(({ metadata, data = {} }) => [metadata.name, data]))
}

function document(text: string | undefined): unknown {
  return text === undefined ? undefined : parse(text)
}
