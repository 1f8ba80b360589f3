import { stringify } from 'yaml'
import type { ProbeResult } from '../../src/core/index.ts'
import type { ClusterDocuments } from '../../src/resources/kubeadm/cluster-record.ts'
import { clusterRecord } from '../../src/resources/kubeadm/host-record.ts'
import { kubeletRecord } from '../../src/resources/kubeadm/kubelet-configuration.ts'
import { controlPlaneComponents } from '../../src/resources/kubeadm/static-pods.ts'
import { deepMerge, isTree, type KubernetesDocument } from '../../src/resources/support/index.ts'
import { answered, unreachable } from './api-given.ts'

export type NodeName = 'a' | 'b' | 'worker'
export type Manifests = Readonly<Record<string, string>>

/** What lies on a node. Texts are as in its files; undefined: there is none. */
export interface WorldNode {
  record: string | undefined
  manifests: Manifests
  /** The manifests as kubeadm made them last. */
  noted: Manifests
  former: Manifests | undefined
  isMarked: boolean
  kubelet: string
  kubeletRecord: string
  kubeletCopy: string
}

/** A cluster of two control plane nodes and a worker, as kubeadm keeps it. */
export interface World {
  readonly nodes: Readonly<Record<NodeName, WorldNode>>
  /** Texts of the ConfigMaps kubeadm-config, kubelet-config and kube-proxy. */
  readonly maps: Record<keyof ClusterDocuments, string | undefined>
  /** The data of the ConfigMap evcctl. */
  kept: Record<string, string> | undefined
  /** What the pods of kube-proxy run with; undefined: there are none. */
  proxyRuns: string | undefined
}

const base64 = (text: string | undefined) => Buffer.from(text ?? '').toString('base64')

// Fields without `omitempty`, or behind a pointer: kubeadm stores their zeros, too.
const zerosKept = new Set(['podPidsLimit', 'maxPerCore', 'mode'])

function stored(value: KubernetesDocument): KubernetesDocument {
  const entries = Object.entries(value).flatMap(([key, part]): [string, unknown][] => {
    const inside = isTree(part) ? stored(part) : part
    const isEmpty = isTree(inside) ? Object.keys(inside).length === 0 : Array.isArray(inside) && inside.length === 0
    return isEmpty || (!zerosKept.has(key) && (inside === 0 || inside === false || inside === ''))
      ? []
      : [[key, inside]]
  })
  return Object.fromEntries(entries)
}

const defaults: Record<keyof ClusterDocuments, KubernetesDocument> = {
  cluster: { certificatesDir: '/etc/kubernetes/pki' },
  kubelet: { rotateCertificates: true, imageMinimumGCAge: '0s' },
  kubeProxy: { mode: '', conntrack: { maxPerCore: null, min: null } },
}

const asStored = new WeakMap<object, string>()

/** A document as kubeadm stores it: without zeros, with its defaults, whatever the order of its keys was. */
export function storedText(part: keyof ClusterDocuments, document: KubernetesDocument): string {
  const known = asStored.get(document)
  if (known !== undefined) return known
  const text = stringify(deepMerge(defaults[part], stored(document)), { sortMapEntries: true })
  asStored.set(document, text)
  return text
}

/** The static pods that kubeadm makes of a ClusterConfiguration. */
export function manifestsOf(cluster: KubernetesDocument): Manifests {
  const sections = stored(cluster)
  const section = ['apiServer', 'controllerManager', 'scheduler']
  return Object.fromEntries(
    controlPlaneComponents.map((name, index) => [name, JSON.stringify(sections[section[index]!] ?? {})]),
  )
}

/** A cluster that init and join have just made. */
export function newWorld(documents: ClusterDocuments): World {
  const { cluster, kubelet, kubeProxy } = documents
  const kubeletText = storedText('kubelet', kubelet)
  const node = (): WorldNode => ({
    record: clusterRecord(documents).content,
    manifests: manifestsOf(cluster),
    noted: manifestsOf(cluster),
    former: undefined,
    isMarked: false,
    kubelet: kubeletText,
    kubeletRecord: kubeletRecord(kubelet).content,
    kubeletCopy: kubeletText,
  })
  const proxy = kubeProxy && storedText('kubeProxy', kubeProxy)
  return {
    nodes: { a: node(), b: node(), worker: node() },
    maps: { cluster: storedText('cluster', cluster), kubelet: kubeletText, kubeProxy: proxy },
    kept: undefined,
    proxyRuns: proxy,
  }
}

/** How the cluster differs from documents that are wanted, by parts. */
export function wrongIn(world: World, { cluster, kubelet, kubeProxy }: ClusterDocuments): readonly string[] {
  const { maps, nodes } = world
  const pods = JSON.stringify(manifestsOf(cluster))
  const wanted = storedText('kubelet', kubelet)
  const proxy = kubeProxy && storedText('kubeProxy', kubeProxy)
  return [
    ...(maps.cluster === storedText('cluster', cluster) ? [] : ['kubeadm-config']),
    ...(maps.kubelet === wanted ? [] : ['kubelet-config']),
    ...(proxy === undefined || maps.kubeProxy === proxy ? [] : ['ConfigMap kube-proxy']),
    ...(proxy === undefined || world.proxyRuns === proxy ? [] : ['running kube-proxy']),
    ...(['a', 'b'] as const).filter(name => JSON.stringify(nodes[name].manifests) !== pods).map(n => `pods of ${n}`),
    ...(['a', 'b', 'worker'] as const).filter(name => nodes[name].kubelet !== wanted).map(n => `kubelet of ${n}`),
  ]
}

/** What is left of changes that have begun. */
export function unfinishedIn({ nodes, kept }: World): readonly string[] {
  const marks = Object.entries(nodes).filter(([, { isMarked }]) => isMarked)
  return [...marks.map(([name]) => `mark on ${name}`), ...Object.keys(kept ?? {}).filter(key => key !== 'documents')]
}

/** What the probe of a control plane node prints. `api`: what the API server is asked for; not on the other nodes. */
export function printed(world: World, name: NodeName, api?: 'answers' | 'silent'): ProbeResult {
  const node = world.nodes[name]
  const edited = Object.entries(node.noted).filter(([component, text]) => node.manifests[component] !== text)
  const lines = [
    'joined=yes',
    ...(node.isMarked ? ['cutOff=control plane'] : []),
    ...(node.record === undefined ? [] : [`record=${base64(node.record)}`]),
    ...edited.map(([component, text]) => `edited=${component} ${base64(text)} ${base64(node.manifests[component])}`),
    'advertiseAddress=192.0.2.11',
    'bindPort=6443',
  ]
  const answer = api === undefined ? undefined : api === 'silent' ? unreachable : apiAnswer(world)
  return { exitCode: 0, stdout: `${answer?.stdout ?? ''}${lines.join('\n')}\n`, stderr: '' }
}

function apiAnswer({ maps, kept, proxyRuns }: World): ProbeResult {
  const map = (key: string, text: string | undefined) => (text === undefined ? undefined : { data: { [key]: text } })
  const objects = {
    'kubeadm-config': map('ClusterConfiguration', maps.cluster),
    'kubelet-config': map('kubelet', maps.kubelet),
    'kube-proxy': map('config.conf', maps.kubeProxy),
    evcctl: kept && { data: kept },
  }
  const daemonSet = {
    '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy': proxyRuns === undefined ? undefined : {},
  }
  const path = (name: string) => `/api/v1/namespaces/kube-system/configmaps/${name}`
  const configMaps = Object.fromEntries(Object.entries(objects).map(([name, object]) => [path(name), object]))
  return answered({ ...configMaps, ...daemonSet })
}

/** What the probe of a kubelet's configuration prints. */
export function printedKubelet({ nodes }: World, name: NodeName): ProbeResult {
  const { kubelet, kubeletRecord, kubeletCopy } = nodes[name]
  const lines = [
    'joined=yes',
    `current=${base64(kubelet)}`,
    `record=${base64(kubeletRecord)}`,
    `written=${base64(kubeletCopy)}`,
  ]
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
}
