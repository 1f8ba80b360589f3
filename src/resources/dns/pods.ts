import type { Probe, ProbeResult } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { type ApiAccess, type ApiState, answersFor, askApi, nodesPath } from '../api/index.ts'
import { isTree } from '../support/index.ts'

/** Selects the pods of kubeadm's CoreDNS Deployment: pods of another origin have no label with the hash of a ReplicaSet. */
export const dnsPodSelector = 'k8s-app=kube-dns,pod-template-hash'

const namespace = 'namespaces/kube-system'
/** The Deployment of kubeadm's CoreDNS. */
export const dnsDeploymentPath = `/apis/apps/v1/${namespace}/deployments/coredns`
const podsPath = `/api/v1/${namespace}/pods?labelSelector=k8s-app%3Dkube-dns%2Cpod-template-hash`

interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
}

export interface NodeRules {
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[]
}

/** The rules of the pod template about the nodes where the pods may run. */
export interface PodRules {
  readonly selector: Readonly<Record<string, string>>
  readonly tolerations: readonly Toleration[]
}

/** The properties of a node that decide whether a pod can run there. */
export interface DnsNode extends NodeRules {
  readonly name: string
  readonly ready: boolean
  readonly cordoned: boolean
}

/** A pod that runs or is about to, and is not being deleted. */
export interface DnsPod {
  readonly name: string
  /** Empty until the pod is scheduled. */
  readonly node: string
  readonly ready: boolean
}

export type DnsPodsAnswer = ApiState<{
  /** 0: there is no CoreDNS Deployment, or one that is switched off. */
  readonly replicas: number
  /** Undefined: the pods have rules that only the scheduler can evaluate. */
  readonly rules: PodRules | undefined
  readonly pods: readonly DnsPod[]
  readonly nodes: readonly DnsNode[]
}>

const paths = [dnsDeploymentPath, podsPath, nodesPath]

/** Where the pods of kubeadm's CoreDNS run, and where else they could run. */
export function dnsPodsProbe(api: ApiAccess): Probe<DnsPodsAnswer> {
  return surveyProbe({ asks: [askApi(api, paths)], parse: parseDnsPods })
}

function parseDnsPods(raw: ProbeResult): DnsPodsAnswer {
  const answer = answersFor(raw, paths)
  if (answer.api !== 'answered') return answer
  const [deployment, pods, nodes] = answer.objects
  const template = at(deployment, 'spec', 'template', 'spec')
  const bound = at(template, 'affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')
  return {
    api: 'answered',
    replicas: deployment === undefined ? 0 : Number(at(deployment, 'spec', 'replicas') ?? 1),
    rules:
      bound === undefined
        ? { selector: texts(at(template, 'nodeSelector')), tolerations: list(at(template, 'tolerations')).map(texts) }
        : undefined,
    pods: list(at(pods, 'items'))
      .filter(isStaying)
      .map(pod => ({ name: text(pod, 'metadata', 'name'), node: text(pod, 'spec', 'nodeName'), ready: isReady(pod) })),
    nodes: list(at(nodes, 'items')).map(node => ({
      name: text(node, 'metadata', 'name'),
      labels: texts(at(node, 'metadata', 'labels')),
      taints: list(at(node, 'spec', 'taints')).map(taint => ({ key: '', effect: '', ...texts(taint) })),
      ready: isReady(node),
      cordoned: at(node, 'spec', 'unschedulable') === true,
    })),
  }
}

function isStaying(pod: unknown): boolean {
  const phase = text(pod, 'status', 'phase')
  return at(pod, 'metadata', 'deletionTimestamp') === undefined && phase !== 'Failed' && phase !== 'Succeeded'
}

function isReady(object: unknown): boolean {
  return list(at(object, 'status', 'conditions')).some(({ type, status }) => type === 'Ready' && status === 'True')
}

// The answer may not come from an API server: no part of it is assumed to have the right type.
function at(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce((part, key) => (isTree(part) && Object.hasOwn(part, key) ? part[key] : undefined), object)
}

function text(object: unknown, ...path: readonly string[]): string {
  const found = at(object, ...path)
  return typeof found === 'string' ? found : ''
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isTree) : []
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isTree(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

/** Whether the rules of a pod allow it onto a node, by the scheduler's rules for labels and taints. */
export function mayRunOn({ labels, taints }: NodeRules, { selector, tolerations }: PodRules): boolean {
  return (
    Object.entries(selector).every(([key, value]) => labels[key] === value) &&
    taints.every(
      taint => taint.effect === 'PreferNoSchedule' || tolerations.some(toleration => tolerates(toleration, taint)),
    )
  )
}

// https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/: an empty key or effect means any.
function tolerates({ key, operator, value, effect }: Toleration, taint: NodeRules['taints'][number]): boolean {
  if (effect !== undefined && effect !== '' && effect !== taint.effect) return false
  if (key === undefined || key === '') return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''))
}
