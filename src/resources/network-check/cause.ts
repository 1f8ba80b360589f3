import type { ErrorDetails } from '../../core/error-details.ts'
import { outsideOf } from '../support/index.ts'
import type { CheckPod, CheckPods } from './pods.ts'
import type { NodeResults, PairResult, ServiceResult } from './script.ts'

/** By what packets travel between nodes, as far as it matters for what may hold them up. */
export interface NetworkPath {
  /** What people call it, e.g. `VXLAN of flannel`. */
  readonly name: string
  /**
   * What a firewall between the nodes has to let through, e.g. `UDP port 8472`; undefined where packets travel with the
   * addresses of pods, and so a firewall has to let through those.
   */
  readonly carriedBy?: string
  /** Filter of tcpdump that shows it, e.g. `udp port 8472`. */
  readonly filter: string
  /** Addresses of pods, CIDR. */
  readonly podCIDR: string
  /** Where the pods of the network itself are looked at; undefined where it is not evcctl's. */
  readonly look?: string
}

/** The pairs that do not work; a pair that fails in both directions is there twice. */
export function failedPairs(results: readonly NodeResults[]): readonly PairResult[] {
  return results.flatMap(({ pairs }) => pairs.filter(({ state }) => state !== 'reached'))
}

/** The nodes whose pods get no answer from DNS or from a Service. */
export function failedServices(results: readonly NodeResults[]): readonly ServiceResult[] {
  return results.flatMap(({ service }) => (service === undefined || service.state === 'reached' ? [] : [service]))
}

/** One line of what went wrong with a pair, without the names. */
export function pairProblem({ state, said }: PairResult): string {
  const problems = {
    reached: 'reached',
    silent: `no answer (${lastSentence(said)})`,
    large: 'short answers arrive, an answer of 16 KiB does not',
    other: `somebody else answers at the address of that pod: ${said}`,
    unasked: said,
  }
  return problems[state]
}

/** One line of what went wrong with DNS. */
export function serviceProblem({ state, said }: ServiceResult): string {
  const problems = {
    reached: 'reached',
    dns: `no answer from DNS (${lastSentence(said)})`,
    service: `DNS answers, the Service of the API server does not (${lastSentence(said)})`,
    unasked: said,
  }
  return problems[state]
}

/** What one node found wrong, with the likely cause and what to do; undefined when all was well. */
export function explainNode(node: string, results: NodeResults, pods: CheckPods, path: NetworkPath) {
  const pairs = failedPairs([results])
  const [service] = failedServices([results])
  if (pairs.length === 0 && service === undefined) return undefined
  const peers = pairs.map(({ to }) => to).join(', ')
  const problem =
    pairs.length === 0
      ? `Pods on ${node} cannot use DNS and Services.`
      : `Pods on ${node} do not reach pods on ${peers}${service === undefined ? '' : ', nor DNS or Services'}.`
  const actual = [
    ...pairs.map(pair => `${node} → ${pair.to}: ${pairProblem(pair)}`),
    ...(service === undefined ? [] : [`${node} → DNS: ${serviceProblem(service)}`]),
    ...strangePods(pods, path).map(({ name, node: on, address }) => `${name} on ${on}: address ${address}`),
  ]
  const next = advice([results], pods, path)
  return {
    problem,
    expected: 'pods of every node reach pods of every other node, DNS and Services',
    actual: actual.join('\n'),
    next: next.join('\n'),
  } satisfies ErrorDetails
}

/** Likely causes, and what to do about each; one line a cause, the surest first. */
export function advice(results: readonly NodeResults[], pods: CheckPods, path: NetworkPath): readonly string[] {
  const failed = failedPairs(results)
  const addressOf = (node: string) => pods.pods.find(pod => pod.node === node)?.hostAddress ?? ''
  const named = (node: string) => (addressOf(node) === '' ? node : `${node} (${addressOf(node)})`)
  const lines: string[] = []
  const strange = strangePods(pods, path)
  if (strange.length > 0) {
    const nodes = [...new Set(strange.map(({ node }) => named(node)))].join(', ')
    lines.push(
      `Pods on ${nodes} have addresses that are not of ${path.podCIDR}: another network configuration goes first there. Look for files of other software (ls /etc/cni/net.d), move them away, and start those pods again.`,
    )
  }
  const between = (pairs: readonly PairResult[]) =>
    pairs.length > 3 ? 'the nodes' : pairs.map(({ from, to }) => `${named(from)} and ${named(to)}`).join(', and ')
  const unreachable = once(failed.filter(pair => pair.hostsReach === false))
  if (unreachable.length > 0) {
    lines.push(
      `The nodes themselves do not reach each other's kubelet (TCP port 10250): look for a firewall or a missing route between ${between(unreachable)}.`,
    )
  }
  // Where pods have addresses of another network, it is not the way between the nodes that holds packets up.
  const misplaced = new Set(strange.map(({ node }) => node))
  const overlay = once(
    failed.filter(
      ({ from, to, hostsReach, state }) =>
        hostsReach === true && state === 'silent' && !misplaced.has(from) && !misplaced.has(to),
    ),
  )
  if (overlay.length > 0) {
    const first = overlay[0]!
    const passes =
      path.carriedBy === undefined
        ? `Packets travel with the addresses of pods (${path.name}): every node has to have a route to the part of ${path.podCIDR} of every other, and nothing on the way may drop them.`
        : `Most likely ${path.carriedBy} (${path.name}) is dropped: let it through both ways.`
    lines.push(`The nodes reach each other, their pods do not: look between ${between(overlay)}. ${passes}`)
    lines.push(
      `To see whether packets arrive, on ${first.to}: tcpdump -ni any '${path.filter}${addressOf(first.from) === '' || path.carriedBy === undefined ? '' : ` and host ${addressOf(first.from)}`}'`,
    )
  }
  const large = once(failed.filter(({ state }) => state === 'large'))
  if (large.length > 0) {
    lines.push(
      `Large packets get lost between ${between(large)}: the MTU of the pods is larger than the way allows. Look at each hop, e.g. ping -M do -s 1400.`,
    )
  }
  const dns = failedServices(results).filter(({ state }) => state === 'dns')
  if (dns.length > 0 && failed.length === 0) {
    const where = pods.dnsNodes?.join(', ')
    lines.push(
      `DNS runs on ${where === undefined || where === '' ? 'no node' : where}. See how it is: kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide`,
    )
  }
  if (failedServices(results).some(({ state }) => state === 'service')) {
    lines.push('Services are the work of kube-proxy, or of what replaces it: kubectl -n kube-system get pods -o wide')
  }
  const unasked = failedServices(results).some(({ state }) => state === 'unasked')
  if ((failed.length > 0 || unasked) && path.look !== undefined) lines.push(`Is the network itself well? ${path.look}`)
  return lines
}

// Pods whose address the cluster's network cannot have given.
function strangePods({ pods }: CheckPods, { podCIDR }: NetworkPath): readonly CheckPod[] {
  const isStrange = outsideOf(podCIDR)
  return pods.filter(({ address }) => isStrange(address))
}

// A pair that fails both ways is one pair.
function once(pairs: readonly PairResult[]): readonly PairResult[] {
  const seen = new Map(pairs.map(pair => [[pair.from, pair.to].sort().join(' '), pair]))
  return [...seen.values()]
}

// kubectl's message begins with what it was about to do.
function lastSentence(said: string): string {
  if (!said.includes('lookup') && /deadline exceeded|i\/o timeout|Client\.Timeout/.test(said)) return 'timed out'
  const dial = /(dial \w+ .*|lookup .*)$/.exec(said)
  return dial?.[1] ?? (said === '' ? 'nothing was said' : said)
}
