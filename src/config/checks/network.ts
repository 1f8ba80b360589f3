import { type Draft, hostLabel, hostPath } from '../draft.ts'
import type { Path } from '../finding.ts'
import { type Ipv4Range, inRange, overlap, parseIpv4Range } from '../ip.ts'
import { nodeAddress } from './addresses.ts'
import type { Check, Report } from './check.ts'

const podPath: Path = ['spec', 'network', 'podCIDR']
const servicePath: Path = ['spec', 'network', 'serviceCIDR']
const nodePrefixPath: Path = ['spec', 'network', 'nodePrefix']

// kubeadm's own limits: cmd/kubeadm/app/constants/constants.go v1.36.4 (MinimumAddressesInServiceSubnet,
// MaximumBitsForServiceSubnet, MinimumAddressesInPodSubnet, PodSubnetNodeMaskMaxDiff).
const servicePrefixes = { smallest: 12, largest: 28 }
const largestPodPrefix = 28
const largestMaskDifference = 16

const unusable = ['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'].map(text => parseIpv4Range(text))

/** Checks that pod and service ranges are valid and large enough, and overlap neither each other nor the hosts. */
export const checkNetwork: Check = (draft, report) => {
  const { network } = draft.sections
  const pods = draft.sound('spec.network.podCIDR') ? range(podPath, network.podCIDR, report) : undefined
  const services = draft.sound('spec.network.serviceCIDR') ? range(servicePath, network.serviceCIDR, report) : undefined
  if (services !== undefined) checkServiceSize(services, report)
  if (pods !== undefined && services !== undefined && overlap(pods, services)) {
    report({
      path: draft.given('spec.network.podCIDR') ? podPath : servicePath,
      problem: `The ranges of pods (${pods.text}) and services (${services.text}) overlap.`,
      expected: 'two ranges without a common address, e.g. podCIDR: 10.244.0.0/16 and serviceCIDR: 10.96.0.0/12',
    })
  }
  for (const [what, found, path] of [
    ['pods', pods, podPath],
    ['services', services, servicePath],
  ] as const)
    if (found !== undefined) checkHostsOutside(draft, what, found, path, report)
  if (pods !== undefined && draft.sound('spec.network.nodePrefix')) checkNodeRanges(draft, pods, report)
  checkOtherSettings(draft, report)
}

function range(path: Path, text: string, report: Report): Ipv4Range | undefined {
  const parsed = parseIpv4Range(text)
  if (parsed === undefined) {
    report({
      path,
      problem: `"${text}" is not an IPv4 range.`,
      expected: 'an IPv4 range in CIDR notation, e.g. 10.244.0.0/16',
    })
    return undefined
  }
  if (parsed.text !== text) {
    report({ path, problem: `"${text}" does not begin where its range begins. Did you mean ${parsed.text}?` })
    return undefined
  }
  if (unusable.some(other => other !== undefined && overlap(other, parsed))) {
    report({ path, problem: `${text} has addresses that cannot be routed.`, expected: 'a range of private addresses' })
    return undefined
  }
  return parsed
}

function checkServiceSize({ prefix, text }: Ipv4Range, report: Report): void {
  const { smallest, largest } = servicePrefixes
  if (prefix >= smallest && prefix <= largest) return
  const size = prefix < smallest ? 'large' : 'small'
  report({
    path: servicePath,
    problem: `${text} is too ${size} for services.`,
    expected: `a prefix length of ${smallest} to ${largest}`,
  })
}

function checkHostsOutside(draft: Draft, what: string, found: Ipv4Range, path: Path, report: Report): void {
  const inside = draft.hosts.flatMap(host => {
    const node = nodeAddress(host)
    return node !== undefined && inRange(node.ip, found) ? [{ host, ...node }] : []
  })
  const [first] = inside
  if (first === undefined) return
  const given = draft.given(path.join('.'))
  const hosts = inside.map(({ host, ip }) => `${hostLabel(host)} (${ip})`).join(', ')
  report({
    path: given ? path : hostPath(first.host, first.key),
    problem: `The range of ${what} (${found.text}) contains addresses of hosts: ${hosts}.`,
    expected: 'a range that no host has an address in',
    ...(given ? {} : { next: `Set ${path.join('.')} to another range.` }),
  })
}

function checkNodeRanges(draft: Draft, pods: Ipv4Range, report: Report): void {
  const { nodePrefix } = draft.sections.network
  const path = draft.given('spec.network.nodePrefix') ? nodePrefixPath : podPath
  const parts = 2 ** (nodePrefix - pods.prefix)
  const hosts = draft.hosts.length
  if (pods.prefix > largestPodPrefix) {
    report({
      path: podPath,
      problem: `${pods.text} is too small for pods.`,
      expected: `a prefix length of at most ${largestPodPrefix}`,
    })
  } else if (nodePrefix < pods.prefix) {
    report({
      path,
      problem: `A node's part (/${nodePrefix}) is larger than the whole range of pods (${pods.text}).`,
      expected: `nodePrefix: ${pods.prefix} to 30, or a larger podCIDR`,
    })
  } else if (nodePrefix - pods.prefix > largestMaskDifference) {
    report({
      path,
      problem: `podCIDR /${pods.prefix} and nodePrefix ${nodePrefix} are too far apart.`,
      expected: `a difference of at most ${largestMaskDifference}: Kubernetes cannot manage more node ranges`,
    })
  } else {
    if (parts < hosts) {
      const needed = nodePrefix - Math.ceil(Math.log2(hosts))
      report({
        path: podPath,
        problem: `${pods.text} has room for ${parts} node${parts === 1 ? '' : 's'} with a /${nodePrefix} each; there are ${hosts} hosts.`,
        expected: `${needed > 0 ? `a podCIDR of prefix length ${needed} or less, or ` : ''}a larger nodePrefix`,
      })
    }
    checkMaxPods(draft, report)
  }
}

// As in kubespray's validate_inventory: two addresses of each node's range are not available to pods.
function checkMaxPods(draft: Draft, report: Report): void {
  if (!draft.sound('spec.kubernetes.kubeletConfiguration')) return
  const { nodePrefix } = draft.sections.network
  const { maxPods } = draft.sections.kubernetes.kubeletConfiguration
  const room = 2 ** (32 - nodePrefix) - 2
  const wanted = maxPods ?? 110
  if (typeof wanted !== 'number' || wanted <= room) return
  report({
    path: maxPods === undefined ? nodePrefixPath : ['spec', 'kubernetes', 'kubeletConfiguration', 'maxPods'],
    problem: `A node's part of the pod range (/${nodePrefix}) has addresses for ${room} pods, fewer than maxPods ${maxPods === undefined ? '(110 unless set)' : wanted}.`,
    expected: `spec.kubernetes.kubeletConfiguration.maxPods of at most ${room}, or a smaller nodePrefix`,
  })
}

function checkOtherSettings(draft: Draft, report: Report): void {
  const { cni } = draft.sections.network
  if (!draft.sound('spec.network.cni')) return
  for (const [key, name] of [
    ['flannel', 'flannel'],
    ['calico', 'Calico'],
    ['cilium', 'Cilium'],
  ] as const) {
    if (cni === key || !draft.given(`spec.network.${key}`)) continue
    report({
      path: ['spec', 'network', key],
      at: 'key',
      problem: `There are settings of ${name}, but cni is ${cni}.`,
      next: 'Remove one of the two.',
    })
  }
}
