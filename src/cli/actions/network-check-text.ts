import { peersOf } from '../../cluster/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ErrorDetails, formatError } from '../../core/index.ts'
import { count, formatDuration, type Paint, printable, table } from '../../report/index.ts'
import {
  advice,
  type CheckPods,
  failedPairs,
  failedServices,
  type NetworkPath,
  type NodeResults,
  pairProblem,
  serviceProblem,
} from '../../resources/network-check/index.ts'

/** The result of a network check. */
export interface NetworkFindings {
  /** One for each node that could be asked. */
  readonly results: readonly NodeResults[]
  /** Hosts that could not be asked, and why. */
  readonly failed: ReadonlyMap<string, ErrorDetails>
  readonly pods: CheckPods
  readonly path: NetworkPath
  readonly ms: number
}

/** Whether every pair of pods and every Service that was asked has answered. */
export function works({ results }: NetworkFindings): boolean {
  return failedPairs(results).length === 0 && failedServices(results).length === 0
}

/** For each node, the nodes whose pods it asks: the same pairs of nodes as an apply checks, in both directions. */
export function askedFrom(nodes: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const asked = new Map<string, string[]>(nodes.map(node => [node, []]))
  for (const [node, peers] of peersOf(nodes)) {
    for (const peer of peers) {
      asked.get(node)?.push(peer)
      asked.get(peer)?.push(node)
    }
  }
  return asked
}

/** The text for people: one line when everything works, else a table of the failures and advice on how to fix them. */
export function networkText(findings: NetworkFindings, spec: ClusterSpec, paint: Paint): string {
  const { results, failed, pods, path, ms } = findings
  const pairs = results.flatMap(result => result.pairs)
  const broken = failedPairs(results)
  const services = failedServices(results)
  const asked = `${count(pairs.length, 'direction')} between ${count(results.length, 'node')}`
  const dns = pods.dnsNodes === undefined ? '' : ', DNS and Services'
  const title = paint.strong(spec.name)
  const lines: string[] = []
  if (works(findings)) {
    const verdict = paint.good('pods reach each other')
    lines.push(`${title}: ${verdict}${dns} (${asked}, ${formatDuration(ms)}).`)
    if (pods.dnsNodes === undefined) lines.push('There is no Service kube-dns in kube-system: DNS was not asked.')
  } else {
    const counts = [
      ...(broken.length > 0 ? [`${broken.length} of ${asked} fail`] : []),
      ...(services.length > 0 ? [`DNS or Services fail on ${count(services.length, 'node')}`] : []),
    ]
    lines.push(`${title}: ${paint.bad('the network of the pods does not work')}: ${counts.join('; ')}.`, '')
    const rows = [
      ...broken.map(pair => [pair.from, pair.to, paint.bad(`✘ ${printable(pairProblem(pair))}`)]),
      ...services.map(one => [one.from, 'DNS', paint.bad(`✘ ${printable(serviceProblem(one))}`)]),
    ]
    for (const line of table([['FROM', 'TO', 'RESULT'], ...rows])) lines.push(line)
    const next = advice(results, pods, path)
    if (next.length > 0) lines.push('')
    for (const line of next) lines.push(printable(line))
  }
  for (const [host, error] of failed) {
    lines.push(
      '',
      `${paint.bad('✘')} ${host} was not asked.`,
      `  ${printable(formatError(error)).replaceAll('\n', '\n  ')}`,
    )
  }
  return lines.join('\n')
}

/** One line of NDJSON; documented in docs/commands.md. */
export function networkAsData(findings: NetworkFindings, spec: ClusterSpec): object {
  const { results, failed, pods, path, ms } = findings
  return {
    type: 'network:check',
    cluster: spec.name,
    ok: works(findings) && failed.size === 0,
    pairs: results.flatMap(result => result.pairs),
    services: results.flatMap(({ service }) => (service === undefined ? [] : [service])),
    advice: advice(results, pods, path),
    unreachable: [...failed].map(([host, error]) => ({ host, error })),
    ms,
  }
}
