import type { ErrorDetails } from '../../core/error-details.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { firstOf } from '../../core/shown.ts'
import { surveyProbe } from '../../core/survey.ts'
import { type ApiAccess, type ApiState, answerFor, askApi, kubectl, nodesPath, parseNode } from '../api/index.ts'
import { isTree, linesOf, refuse } from '../support/index.ts'
import { isCordonedByEvcctl } from './cordon.ts'
import { isRemovedIn, printRequested, type RequestedApi, requestedIn } from './requested-apis.ts'

/** A node as an upgrade finds it. */
export interface CheckedNode {
  readonly name: string
  /** Status of its Ready condition: `True`, `False`, `Unknown`; empty if it has none. */
  readonly ready: string
  readonly cordoned: 'no' | 'by evcctl' | 'by somebody else'
}

export type UpgradeCheckState = ApiState<{
  readonly nodes: readonly CheckedNode[]
  /** Deprecated APIs that clients have asked this API server for since it started; undefined: they are not known. */
  readonly requested: readonly RequestedApi[] | undefined
  /** Whether the API server reaches an etcd with a quorum. */
  readonly etcd: boolean
}>

export interface UpgradeCheckParameters {
  readonly api: ApiAccess
  /** The version that the cluster gets, without `v`. */
  readonly version: string
  /** The control plane nodes that this upgrade has not begun to change. They have to be Ready and in service. */
  readonly untouched: readonly string[]
  /** What would stop the upgrade, and does not because cluster.yaml says so. */
  readonly ignored: readonly UpgradeBlocker['check'][]
}

/** What stops an upgrade before it begins. */
export interface UpgradeBlocker {
  /** The name under which `spec.preflight.ignore` lets it pass. */
  readonly check: 'upgradeNodes' | 'upgradeApis'
  readonly text: string
}

/**
 * What has to be known before an upgrade, asked of one API server. What stops the upgrade is refused in the plan. An API server
 * that does not answer stops nothing: it may be what the upgrade, cut off before, left behind. It writes nothing.
 */
export function upgradeCheck(
  parameters: UpgradeCheckParameters,
): Resource<UpgradeCheckState, { readonly version: string }> {
  const { api, version, ignored } = parameters
  return {
    kind: 'upgrade check',
    name: version,
    title: `upgrade to ${version}`,
    probe: surveyProbe({
      asks: [askApi(api, [nodesPath])],
      rest: questions(api),
      timeoutMs: 25_000,
      parse: parseState,
    }),
    desired: { version },
    volatile: ['nodes', 'requested', 'etcd', 'said'],
    diff(current) {
      const stops = upgradeBlockers(current, parameters).filter(({ check }) => !ignored.includes(check))
      return stops.length === 0 ? undefined : refuse(refusal(version, stops))
    },
    converge: () => [{ run: 'echo "this upgrade is refused" >&2\nexit 1\n' }],
  }
}

/** What stops an upgrade, whether it is ignored or not. */
export function upgradeBlockers(
  current: UpgradeCheckState,
  { version, untouched }: Pick<UpgradeCheckParameters, 'version' | 'untouched'>,
): readonly UpgradeBlocker[] {
  if (current.api !== 'answered') return []
  const servers = current.nodes.filter(({ name }) => untouched.includes(name))
  const nodes = servers.flatMap(({ name, ready, cordoned }) => [
    ...(ready === 'True' ? [] : [`${name}, a control plane node, is not Ready`]),
    ...(cordoned === 'by somebody else' ? [`${name}, a control plane node, was cordoned by somebody`] : []),
  ])
  const apis = (current.requested ?? [])
    .filter(one => isRemovedIn(one, version))
    .map(({ name, removed }) => `clients use ${name}, which Kubernetes ${removed} removes`)
  return [
    ...nodes.map(text => ({ check: 'upgradeNodes' as const, text })),
    ...apis.map(text => ({ check: 'upgradeApis' as const, text })),
  ]
}

function refusal(version: string, stops: readonly UpgradeBlocker[]): ErrorDetails {
  const checks = new Set(stops.map(({ check }) => check))
  const next = [
    ...(checks.has('upgradeNodes')
      ? [
          'Bring these nodes back first (kubectl uncordon; evcctl apply with the former version), or remove them with state: absent.',
        ]
      : []),
    ...(checks.has('upgradeApis')
      ? [
          'Find who asks: kubectl get --raw /metrics, and the audit log. The API server counts until it is started again.',
        ]
      : []),
    `To upgrade all the same: spec.preflight.ignore: [${[...checks].join(', ')}].`,
  ]
  return {
    problem: `The upgrade to ${version} does not begin.`,
    expected: 'control plane nodes that are Ready and in service, and clients that use no API which is removed',
    actual: firstOf(
      stops.map(({ text }) => text),
      mostShown,
    ).join('\n'),
    next: next.join('\n'),
  }
}

const mostShown = 10

// The metrics of an API server are some MiB; the host sends only the few lines that count.
function questions(api: ApiAccess): string {
  const get = (path: string, seconds: number) =>
    `timeout ${seconds} ${kubectl(api, seconds)} get --raw ${path} </dev/null`
  return `if [ ! -s ${api.adminConf} ] || ${api.unfinished}; then exit 0; fi
if [ "$(${get('/readyz/etcd', 5)} 2>/dev/null)" = ok ]; then echo etcd=ok; fi
{ ${get('/metrics', 10)} 2>/dev/null && echo '# answered'; } | ${printRequested}
`
}

function parseState(raw: ProbeResult): UpgradeCheckState {
  // A name that no node has: only the list is of interest here.
  const answer = parseNode(raw, '')
  if (answer.api !== 'answered') return answer
  const list = answerFor(raw, nodesPath)
  const items: readonly unknown[] = list.api === 'answered' && isTree(list.object) ? [list.object.items].flat() : []
  const nodes = answer.names.flatMap((name, index) => checkedNode(name, items[index]))
  const etcd = linesOf(raw, 'etcd').includes('ok')
  return { api: 'answered', nodes, requested: requestedIn(raw), etcd }
}

function checkedNode(name: string, item: unknown): readonly CheckedNode[] {
  if (!isTree(item)) return []
  const { spec, status, metadata } = item
  const annotations = isTree(metadata) && isTree(metadata.annotations) ? metadata.annotations : {}
  const isCordoned = isTree(spec) && spec.unschedulable === true
  const conditions: readonly unknown[] = isTree(status) && Array.isArray(status.conditions) ? status.conditions : []
  const ready = conditions.filter(isTree).find(({ type }) => type === 'Ready')?.status
  const state = { labels: {}, annotations: {}, taints: [], isLost: false, isCordoned }
  const byEvcctl = isCordonedByEvcctl({ ...state, annotations: annotations as Readonly<Record<string, string>> })
  return [
    {
      name,
      ready: ready === 'True' || ready === 'False' || ready === 'Unknown' ? ready : '',
      cordoned: byEvcctl ? 'by evcctl' : isCordoned ? 'by somebody else' : 'no',
    },
  ]
}
