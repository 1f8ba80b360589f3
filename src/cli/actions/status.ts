import { type ExitCode, exitCodes } from '../../core/index.ts'
import { count, createPaint, type Paint, printable, table, wantsColour } from '../../report/index.ts'
import { askCluster } from '../ask-cluster.ts'
import { type ClusterStatus, isHealthy, readStatus, statusScripts } from '../cluster-status.ts'
import type { NodeStatus } from '../node-status.ts'
import { printJson, printLine } from '../streams.ts'

/** `evcctl status`: one exchange with the first control plane node that answers. Exit code 1 when something is not healthy. */
export async function status(options: { readonly file: string; readonly output: 'text' | 'json' }): Promise<ExitCode> {
  const { spec, host, results, silent } = await askCluster(options.file, statusScripts)
  const found = readStatus(spec, results)
  const healthy = isHealthy(found)
  if (options.output === 'json') {
    const notAsked = [...silent].map(([name, { problem }]) => ({ host: name, problem }))
    printJson({ type: 'status', cluster: spec.name, healthy, asked: host.name, silent: notAsked, ...found })
  } else {
    const paint = createPaint(wantsColour(process.stdout, process.env))
    printLine(statusText(found, { name: spec.name, file: options.file, paint }))
    // The cluster may be well all the same: whether its nodes are is for Kubernetes to say.
    for (const [name, { where = name, problem }] of silent)
      printLine(`${paint.changed('!')} ${printable(`${where}: ${problem}; ${host.name} was asked instead`)}`)
  }
  return healthy ? exitCodes.ok : exitCodes.failed
}

/** The status for people: one line that says it all, the nodes, and what is wrong with what to do about it. */
export function statusText(
  status: ClusterStatus,
  { name, file, paint }: { readonly name: string; readonly file: string; readonly paint: Paint },
): string {
  const title = paint.strong(name)
  if (status.api === 'absent') return `${title}: there is no cluster yet. To make it: evcctl apply ${file}`
  if (status.api === 'unreachable') {
    const look = 'evcctl exec --role control-plane --sudo -- journalctl -u kubelet -n 20 --no-pager'
    const said = printable(status.apiProblem ?? '').replaceAll('\n', '\n  ')
    return `${title}: ${paint.bad('its API server does not answer.')}\n  ${said}\n  To look into it: ${look}`
  }
  const ready = status.nodes.filter(node => node.state === 'ready').length
  const verdict = isHealthy(status) ? paint.good('healthy') : paint.bad('not healthy')
  const lines = [
    `${title}: ${verdict}, Kubernetes ${status.version}, ${ready} of ${count(status.nodes.length, 'node')} ready`,
    '',
  ]
  lines.push(...table([header, ...status.nodes.map(node => row(node, paint))]))
  const problems = problemsOf(status, file)
  if (problems.length > 0) lines.push('', ...problems.map(problem => `${paint.bad('✘')} ${printable(problem)}`))
  const strays = status.nodes.filter(node => !node.inFile).map(node => printable(node.name))
  if (strays.length > 0) lines.push('', ...strayLines(strays, file))
  return lines.join('\n')
}

// Not an error: somebody may look after them in another way.
function strayLines(nodes: readonly string[], file: string): readonly string[] {
  const names = nodes.join(' ')
  return [
    `${nodes.join(', ')}: in the cluster but not in ${file}. evcctl leaves such nodes alone; to remove them:`,
    `  kubectl drain ${names} --ignore-daemonsets --delete-emptydir-data && kubectl delete node ${names}`,
    '  and then, on the machine itself: kubeadm reset',
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
  return [name, roles.join(','), state.join(', '), ...rest]
}

function problemsOf(status: ClusterStatus, file: string): readonly string[] {
  const missing = status.nodes.filter(node => node.state === 'not joined').map(node => node.name)
  return [
    ...status.nodes.flatMap(node => node.problems.map(problem => `${node.name}: ${problem}`)),
    ...status.pods.map(pod => `kube-system/${pod.name}${pod.node === '' ? '' : ` on ${pod.node}`}: ${pod.problem}`),
    ...status.failingChecks.map(check => `API server check ${check}`),
    ...(missing.length > 0 ? [`${missing.join(', ')}: in ${file} but not joined. To join: evcctl apply ${file}`] : []),
  ]
}
