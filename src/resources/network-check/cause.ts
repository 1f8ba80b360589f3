import type { ErrorDetails } from '../../core/error-details.ts'
import { outsideOf } from '../support/index.ts'
import type { CheckPod, CheckPods } from './pods.ts'
import type { NodeResults, PairResult, ServiceResult } from './script.ts'

/** How packets travel between nodes, as far as it explains what may block them. */
export interface NetworkPath {
  /** The name for people, e.g. `VXLAN of flannel`. */
  readonly name: string
  /**
   * What a firewall between the nodes has to let through, e.g. `UDP port 8472`; undefined where packets travel with the
   * addresses of pods, so that a firewall has to let those addresses through.
   */
  readonly carriedBy?: string
  /** A tcpdump filter that shows the packets, e.g. `udp port 8472`. */
  readonly filter: string
  /** Range of pod addresses, CIDR. */
  readonly podCIDR: string
  /** A command that shows the pods of the network itself; undefined where evcctl does not install the network. */
  readonly look?: string
}

/** The pairs that fail; a pair that fails in both directions is in the list twice. */
export function failedPairs(results: readonly NodeResults[]): readonly PairResult[] {
  return results.flatMap(({ pairs }) => pairs.filter(({ state }) => state !== 'reached'))
}

/** The nodes whose pods get no answer from DNS or from a Service. */
export function failedServices(results: readonly NodeResults[]): readonly ServiceResult[] {
  return results.flatMap(({ service }) => (service === undefined || service.state === 'reached' ? [] : [service]))
}

/** One line about why a pair fails, without the names. */
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

/** One line about why DNS fails. */
export function serviceProblem({ state, said }: ServiceResult): string {
  const problems = {
    reached: 'reached',
    dns: `no answer from DNS (${lastSentence(said)})`,
    service: `DNS answers, the Service of the API server does not (${lastSentence(said)})`,
    unasked: said,
  }
  return problems[state]
}

/** What fails on one node, with the likely cause and what to do; undefined when everything works. */
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

/** Likely causes, and what to do about each; one line for each cause, the most certain first. */
export function advice(results: readonly NodeResults[], pods: CheckPods, path: NetworkPath): readonly string[] {
  const failed = failedPairs(results)
  const addressOf = (node: string) => pods.pods.find(pod => pod.node === node)?.hostAddress ?? ''
  const named = (node: string) => (addressOf(node) === '' ? node : `${node} (${addressOf(node)})`)
  const lines: string[] = []
  const strange = strangePods(pods, path)
  if (strange.length > 0) {
    const nodes = [...new Set(strange.map(({ node }) => named(node)))].join(', ')
    lines.push(
      `Pods on ${nodes} have addresses that are not of ${path.podCIDR}: another network configuration takes precedence there. Look for files of other software (ls /etc/cni/net.d), move them away, and start those pods again.`,
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
  // If pods have addresses of another network, the network between the nodes is not the cause.
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
      `Large packets get lost between ${between(large)}: the MTU of the pods is larger than the path allows. Check each hop, e.g. ping -M do -s 1400.`,
    )
  }
  const dns = failedServices(results).filter(({ state }) => state === 'dns')
  if (dns.length > 0 && failed.length === 0) {
    const where = pods.dnsNodes?.join(', ')
    lines.push(
      `DNS runs on ${where === undefined || where === '' ? 'no node' : where}. Check its pods: kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide`,
    )
  }
  if (failedServices(results).some(({ state }) => state === 'service')) {
    lines.push('Services need kube-proxy, or its replacement: kubectl -n kube-system get pods -o wide')
  }
  const unasked = failedServices(results).some(({ state }) => state === 'unasked')
  if ((failed.length > 0 || unasked) && path.look !== undefined) lines.push(`Check the network itself: ${path.look}`)
  return lines
}

// Pods whose address cannot be from the cluster's pod network.
function strangePods({ pods }: CheckPods, { podCIDR }: NetworkPath): readonly CheckPod[] {
  const isStrange = outsideOf(podCIDR)
  return pods.filter(({ address }) => isStrange(address))
}

// A pair that fails in both directions counts once.
function once(pairs: readonly PairResult[]): readonly PairResult[] {
  const seen = new Map(pairs.map(pair => [[pair.from, pair.to].sort().join(' '), pair]))
  return [...seen.values()]
}

// kubectl's message begins with its intention, so the last part names the error.
function lastSentence(said: string): string {
  if (!said.includes('lookup') && /deadline exceeded|i\/o timeout|Client\.Timeout/.test(said)) return 'timed out'
  const dial = /(dial \w+ .*|lookup .*)$/.exec(said)
  return dial?.[1] ?? (said === '' ? 'nothing was said' : said)
}
