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
  | { readonly api: 'unreachable'; readonly said: string }
  | {
      readonly api: 'answered'
      readonly cluster: unknown
      readonly kubelet: unknown
      readonly kubeProxy: unknown
      /** What evcctl made of it last; undefined: nothing. */
      readonly recorded: Partial<ClusterDocuments> | undefined
      /** Of the API server's certificate on this host. */
      readonly certSANs: readonly string[]
      /** Of the API server's manifest on this host; empty when it does not say. */
      readonly advertiseAddress: string
      readonly bindPort: string
    }

/** The read-only script that parseKubeadmConfiguration understands. */
export function kubeadmConfigurationScript(recordPath: string): string {
  const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml'
  return `${printFile('record', recordPath)}${printFile('certificate', '/etc/kubernetes/pki/apiserver.crt')}sed -n 's/^ *- --advertise-address=/advertiseAddress=/p; s/^ *- --secure-port=/bindPort=/p' ${manifest} 2>/dev/null
echo answer
${askScript('--namespace kube-system get configmap kubeadm-config kubelet-config kube-proxy --ignore-not-found -o json')}`
}

export function parseKubeadmConfiguration(raw: ProbeResult): KubeadmConfigurationState {
  const at = raw.stdout.indexOf('answer\n')
  const local = { ...raw, stdout: raw.stdout.slice(0, at) }
  const answer = parseAnswer({ ...raw, stdout: raw.stdout.slice(at + 'answer\n'.length) })
  if (answer.api !== 'answered') return answer
  const record = decodeFile(linesOf(local, 'record')[0])
  const maps = configMaps(answer.text)
  return {
    api: 'answered',
    cluster: document(maps.get('kubeadm-config')?.ClusterConfiguration),
    kubelet: document(maps.get('kubelet-config')?.kubelet),
    kubeProxy: document(maps.get('kube-proxy')?.['config.conf']),
    recorded: record === '' ? undefined : (JSON.parse(record) as Partial<ClusterDocuments>),
    certSANs: subjectAltNames(decodeFile(linesOf(local, 'certificate')[0])),
    advertiseAddress: linesOf(local, 'advertiseAddress')[0] ?? '',
    bindPort: linesOf(local, 'bindPort')[0] ?? '',
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
