import type { Change, FieldChange, ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import type { TaskId } from '../../core/task-id.ts'
import { quote } from '../../shell/quote.ts'
import {
  type ApiAccess,
  type ApiState,
  againFunction,
  answersFor,
  askApi,
  kubectl,
  notAnswered,
  settledFields,
} from '../api/index.ts'
import { isTree, missingFrom, type Tree } from '../support/index.ts'
import { nodeDnsName as name, nodeDnsDaemonSet } from './node-dns-daemon-set.ts'
import { dnsDeploymentPath } from './pods.ts'

/** Traffic distribution: pods use the CoreDNS of their own node, and any other if that is not Ready. Since Kubernetes 1.34. */
const distribution = 'PreferSameNode'

const serviceTitle = 'Service kube-dns trafficDistribution'
const servicePath = '/api/v1/namespaces/kube-system/services/kube-dns'
const daemonSetPath = `/apis/apps/v1/namespaces/kube-system/daemonsets/${name}`
const paths = [dnsDeploymentPath, servicePath, daemonSetPath]

export type NodeDnsState = ApiState<{
  /** The desired DaemonSet, made from kubeadm's CoreDNS; undefined where that was replaced or switched off. */
  readonly wanted: Tree | undefined
  /** The DaemonSet as it is in the cluster. */
  readonly daemonSet: Tree | undefined
  /** The Service's traffic distribution; empty: over all pods, wherever they are. */
  readonly distribution: string
}>

/**
 * A CoreDNS on every node, and pods that use the one of their own node: when a machine is lost, no pod on another machine
 * sends it queries any more. Without that, a share of the lookups goes to the lost pod until Kubernetes notices, for 40 s
 * and more. The DaemonSet has the pods of kubeadm's Deployment, with its image, rights and Corefile, and follows their
 * changes. The Service is changed only if nobody else has set its traffic distribution. `wanted: false` removes both. Runs
 * on a control plane node.
 */
export function nodeDns({
  api,
  wanted,
}: {
  readonly api: ApiAccess
  readonly wanted: boolean
}): Resource<NodeDnsState, { readonly wanted: boolean }> {
  return {
    kind: 'cluster DNS',
    name: 'every node',
    title: wanted ? 'CoreDNS on every node' : 'no CoreDNS on every node',
    probe: surveyProbe({ asks: [askApi(api, paths)], parse: parseState }),
    desired: { wanted },
    diff(current, _desired, { watched }) {
      if (current.api === 'unreachable') return notAnswered(current)
      return wanted ? (changeTo(current) ?? followed(current, watched)) : changeBack(current)
    },
    converge: current => [{ run: wanted ? makeScript(api, current) : removeScript(api, current), timeoutMs: 180_000 }],
  }
}

function changeTo(current: Exclude<NodeDnsState, { api: 'unreachable' }>): Change | undefined {
  const fields: FieldChange[] = []
  if (current.api === 'absent') {
    const made = { field: `DaemonSet ${name}`, after: 'applied' }
    return { action: 'create', fields: [made, { field: serviceTitle, after: distribution }] }
  }
  const { wanted, daemonSet } = current
  if (wanted === undefined) return undefined
  for (const field of daemonSetChanges(wanted, daemonSet)) fields.push(field)
  if (current.distribution === '') fields.push({ field: serviceTitle, after: distribution })
  if (fields.length === 0) return undefined
  return { action: daemonSet === undefined ? 'create' : 'update', fields }
}

// The DaemonSet takes over what is about to change in kubeadm's Deployment.
function followed(
  current: Exclude<NodeDnsState, { api: 'unreachable' }>,
  watched: readonly TaskId[],
): Change | undefined {
  if (watched.length === 0 || current.api === 'absent' || current.wanted === undefined) return undefined
  return { action: 'update', fields: [{ field: `DaemonSet ${name}`, after: 'as CoreDNS then is' }], because: watched }
}

function daemonSetChanges(wanted: Tree, daemonSet: Tree | undefined): readonly FieldChange[] {
  if (daemonSet === undefined) return [{ field: `DaemonSet ${name}`, after: 'applied' }]
  const changes = missingFrom(wanted, daemonSet, {
    absentIsZero: true,
    listKeys: ['name', 'mountPath', 'containerPort'],
  })
  return changes.map(change => ({ ...change, field: `DaemonSet ${name} ${change.field}` }))
}

function changeBack(current: Exclude<NodeDnsState, { api: 'unreachable' }>): Change | undefined {
  if (current.api === 'absent' || current.daemonSet === undefined) return undefined
  const fields: FieldChange[] = [{ field: `DaemonSet ${name}`, before: 'there' }]
  if (current.distribution === distribution) fields.unshift({ field: serviceTitle, before: distribution })
  return { action: 'delete', fields }
}

function patchService(api: ApiAccess, value: string | null): string {
  const patch = JSON.stringify({ spec: { trafficDistribution: value } })
  return `again ${kubectl(api, 10)} --namespace kube-system patch service kube-dns --type=merge --patch=${quote(patch)}\n`
}

// The pods come before the Service that sends queries to them. If the API server does not answer, the next run compares.
function makeScript(api: ApiAccess, current: NodeDnsState): string {
  if (current.api !== 'answered' || current.wanted === undefined) return waitForApi(api)
  const lines = [againFunction]
  if (daemonSetChanges(current.wanted, current.daemonSet).length > 0)
    lines.push(`daemon_set=${quote(JSON.stringify(current.wanted))}
make() { printf '%s\\n' "$daemon_set" | ${kubectl(api, 30)} apply --server-side --force-conflicts --field-manager=evcctl -f -; }
again make
`)
  if (current.distribution === '') lines.push(patchService(api, distribution))
  return lines.join('')
}

function removeScript(api: ApiAccess, current: NodeDnsState): string {
  if (current.api !== 'answered') return waitForApi(api)
  const others = current.distribution === distribution ? patchService(api, null) : ''
  return `${againFunction}${others}again ${kubectl(api, 30)} --namespace kube-system delete daemonset ${name} --ignore-not-found --wait=false\n`
}

const waitForApi = (api: ApiAccess) => `${againFunction}again ${kubectl(api, 5)} get --raw=/readyz\n`

function parseState(raw: ProbeResult): NodeDnsState {
  const answer = answersFor(raw, paths)
  if (answer.api !== 'answered') return answer
  const [deployment, service, daemonSet] = answer.objects
  const { internalTrafficPolicy, trafficDistribution } = isTree(service) && isTree(service.spec) ? service.spec : {}
  const spread = internalTrafficPolicy === 'Local' ? 'Local' : trafficDistribution
  return {
    api: 'answered',
    wanted: service === undefined ? undefined : nodeDnsDaemonSet(deployment),
    daemonSet: isTree(daemonSet) ? settledFields(daemonSet) : undefined,
    distribution: typeof spread === 'string' ? spread : '',
  }
}
