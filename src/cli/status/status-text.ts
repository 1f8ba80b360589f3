import { count, errorTexts, type Paint, printable, table } from '../../report/index.ts'
import type { ClusterHealth } from './cluster-health.ts'
import { type ClusterStatus, isHealthy } from './cluster-status.ts'
import { etcdText } from './etcd-health.ts'
import type { NodeStatus } from './node-status.ts'

/** What the text needs in addition to the status. */
export interface StatusView {
  readonly name: string
  /** The cluster file. */
  readonly file: string
  /** The command that takes a node's own part of the cluster from its machine. */
  readonly reset: string
  readonly paint: Paint
  readonly health?: ClusterHealth
  /** The control plane node that gave the lists. `silent`: the nodes before it that did not answer, with where and why. */
  readonly asked?: string | undefined
  readonly silent?: ReadonlyMap<string, { readonly where?: string; readonly problem: string }>
}

/** The status for people: a short summary, the nodes, and the problems with what to do about them. */
export function statusText(status: ClusterStatus, view: StatusView): string {
  const { name, file, paint, health } = view
  const title = paint.strong(name)
  const summary = summaryLines(view)
  const problems = [
    ...lines(silentProblems(status, view), paint.bad('✘')),
    ...lines(problemsOf(status, view), paint.bad('✘')),
  ]
  const others = [...lines(elsewhere(view), paint.changed('!')), ...lines(health?.notes ?? [], paint.changed('!'))]
  const below = [...problems, ...others].length === 0 ? [] : ['', ...problems, ...others]
  if (status.api === 'absent') {
    const first = `${title}: there is no cluster yet. To make it: evcctl apply ${file}`
    return [first, ...lines(silentProblems(status, view), paint.bad('✘')), ...others].join('\n')
  }
  if (status.api === 'unreachable') {
    const look = 'evcctl exec --role control-plane --sudo -- journalctl -u kubelet -n 20 --no-pager'
    const said = printable(status.apiProblem ?? '').replaceAll('\n', '\n  ')
    const first = `${title}: ${paint.bad('its API server does not answer.')}\n  ${said}\n  To look into it: ${look}`
    return [first, ...summary, ...below].join('\n')
  }
  const ready = status.nodes.filter(node => node.state === 'ready').length
  const verdict = isHealthy(status, health) ? paint.good('healthy') : paint.bad('not healthy')
  const head = `${title}: ${verdict}, Kubernetes ${printable(status.version) || 'of unknown version'}, ${ready} of ${count(status.nodes.length, 'node')} ready`
  const strays = status.nodes.filter(node => !node.inFile).map(node => printable(node.name))
  return [
    head,
    ...summary,
    '',
    ...table([header, ...status.nodes.map(node => row(node, paint))]),
    ...below,
    ...(strays.length === 0 ? [] : ['', ...strayLines(strays, view)]),
  ].join('\n')
}

function summaryLines({ health, paint }: StatusView): readonly string[] {
  if (health === undefined) return []
  const { ready, total } = health.apiServers
  const { etcd } = health
  const servers = total === 0 ? [] : [coloured(`API servers: ${ready} of ${total} ready`, ready === total, paint)]
  const text = etcdText(health.etcd)
  return [...servers, ...(text === undefined ? [] : [coloured(text, etcd.healthy === etcd.total, paint)])]
}

function coloured(text: string, isGood: boolean, paint: Paint): string {
  return `  ${isGood ? text : paint.bad(text)}`
}

interface Line {
  readonly where?: string
  readonly problem: string
}

// The same problem in many places is one line.
function lines(list: readonly Line[], mark: string): readonly string[] {
  const safe = list.map(({ where, problem }) => ({
    ...(where === undefined ? {} : { where: printable(where) }),
    problem: printable(problem),
  }))
  return errorTexts(safe).map(text => `${mark} ${text.replaceAll('\n', '\n  ')}`)
}

// Kubernetes may still show a silent host as ready: it notices a lost node only after about 40 s.
function silentProblems({ nodes }: ClusterStatus, { health, silent, asked }: StatusView): readonly Line[] {
  const ready = new Set(nodes.filter(({ state }) => state === 'ready').map(({ name }) => name))
  return (health?.hosts ?? []).flatMap(({ host, problem, where }) => {
    if (problem === undefined) return []
    const still = ready.has(host)
    const instead = asked !== undefined && silent?.has(host) === true
    const more = [
      ...(still ? ['its node still counts as Ready'] : []),
      ...(instead ? [`${asked} was asked instead`] : []),
    ]
    return [{ where: where ?? host, problem: [problem, ...more].join('; ') }]
  })
}

// Control plane nodes that answered about themselves but did not give the lists.
function elsewhere({ health, silent, asked }: StatusView): readonly Line[] {
  const known = new Set(health?.hosts.flatMap(({ host, problem }) => (problem === undefined ? [] : [host])))
  return [...(silent ?? [])].flatMap(([name, { where = name, problem }]) =>
    known.has(name) ? [] : [{ where, problem: `${problem}; ${asked} was asked instead` }],
  )
}

// A node that is not in the cluster file is no error: somebody may manage it in another way.
function strayLines(nodes: readonly string[], { file, reset }: StatusView): readonly string[] {
  const names = nodes.join(' ')
  return [
    `${nodes.join(', ')}: in the cluster but not in ${file}. evcctl removes such nodes only when it is told to:`,
    `  evcctl remove ${names} ${file}`,
    `  ${reset}    # then, on the machine itself`,
  ]
}

const header = ['NODE', 'ROLES', 'STATE', 'KUBELET', 'RUNTIME', 'ADDRESS', 'OS', 'ARCH']

function row(node: NodeStatus, paint: Paint): string[] {
  const colour = node.state === 'ready' ? paint.good : paint.bad
  const state = [colour(node.state)]
  if (node.unschedulable) state.push(paint.changed('cordoned'))
  if (!node.inFile) state.push(paint.changed('not in the file'))
  const { name, roles, kubelet, runtime, address, os, architecture } = node
  const rest = [kubelet, runtime, address, os, architecture].map(cell => printable(cell) || '-')
  return [printable(name), printable(roles.join(',')), state.join(', '), ...rest]
}

function problemsOf(status: ClusterStatus, { file, health }: StatusView): readonly Line[] {
  const missing = status.nodes.filter(node => node.state === 'not joined').map(node => node.name)
  if (status.api !== 'answered') return health?.problems ?? []
  return [
    ...status.nodes.flatMap(node => node.problems.map(problem => ({ where: node.name, problem }))),
    ...(health?.problems ?? []),
    ...podLines(status.pods),
    ...status.failingChecks.map(check => ({ problem: `API server check ${check}` })),
    ...(missing.length > 0
      ? [{ problem: `${missing.join(', ')}: in ${file} but not joined. To join: evcctl apply ${file}` }]
      : []),
  ]
}

const shown = 3

// The loss of one node fails many pods for the same reason, and the loss of a rack or a site fails many nodes.
function podLines(pods: ClusterStatus['pods']): readonly Line[] {
  const withNode = (pod: ClusterStatus['pods'][number]) => pod.problem === `node ${pod.node} is not ready`
  const manyNodes = new Set(pods.filter(withNode).map(({ node }) => node)).size > shown
  const reasonOf = (pod: ClusterStatus['pods'][number]) =>
    manyNodes && withNode(pod) ? 'the node of each is not ready' : pod.problem
  return [...Map.groupBy(pods, reasonOf)].flatMap(([problem, group]) => {
    const places = group.map(({ name, node }) => `kube-system/${name}${node === '' ? '' : ` on ${node}`}`)
    if (places.length <= shown) return places.map(where => ({ where, problem }))
    return [{ where: `${places.slice(0, shown).join(', ')} and ${places.length - shown} more`, problem }]
  })
}
