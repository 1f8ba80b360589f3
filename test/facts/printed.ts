import { isDeepStrictEqual } from 'node:util'
import type { FactModule } from '../../src/core/facts.ts'
import { type AskedFacts, endpointFacts, type HostFacts, kubeletNameServerFacts } from '../../src/facts/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { printEndpoint, printEtcd, printKubernetes, printRemains } from './print-cluster.ts'
import { printNetwork } from './print-network.ts'
import { printSystem } from './print-system.ts'
import { readFacts } from './read.ts'
import { sectionsOf, textOf } from './text.ts'

/** The facts of a host that a test sets. All others are those of a Debian host that can become a node. */
export type Told = Partial<HostFacts>

/**
 * Facts of a host, as its script prints them and evcctl reads them. Throws Error for what no host can tell: a test cannot
 * fake a state that does not exist.
 */
export function printedFacts(host: string, address: string, told: Told = {}): HostFacts {
  const { clockOffsetMs = 0, roundTripMs = 20 } = told
  const printed = {
    ...sectionsOf({ name: host, address }),
    ...printSystem(told),
    ...printNetwork({ addresses: [address], ...told }),
    ...(told.kubernetes && { kubernetes: printKubernetes(told.kubernetes, told.remains) }),
    ...(told.etcd && { etcd: printEtcd(told.etcd) }),
    ...(told.remains && { remains: printRemains(told.remains) }),
    ...(told.kubeletNameservers && { 'kubelet-nameservers': told.kubeletNameservers.join('\n') }),
    ...(told.endpoint && { endpoint: printEndpoint(told.endpoint) }),
    // The script takes 100 ms, and both ways are equally long.
    clock: clockOf(sentAt + roundTripMs / 2 + clockOffsetMs),
    'clock-end': clockOf(sentAt + roundTripMs / 2 + clockOffsetMs + 100),
  }
  const timing = { sentAt, receivedAt: sentAt + roundTripMs + 100 }
  return checked(readFacts(host, textOf(printed), timing, askedOf(told)), told)
}

/** The same host with other values of these facts. */
export function retold(facts: HostFacts, told: Told): HostFacts {
  return printedFacts(facts.host, facts.addresses[0] ?? '', { ...facts, ...told })
}

const sentAt = 1_795_865_508_000

function clockOf(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`
}

function askedOf({ kubeletNameservers, endpoint }: Told): readonly FactModule<Partial<AskedFacts>>[] {
  return [
    ...(kubeletNameservers === undefined ? [] : [kubeletNameServerFacts('/etc/kubelet-resolv.conf')]),
    ...(endpoint === undefined ? [] : [endpointFacts('api.example:6443', kubeadmApi.ca)]),
  ]
}

function checked(facts: HostFacts, told: Told): HostFacts {
  for (const key of Object.keys(told) as (keyof HostFacts)[]) {
    if (isDeepStrictEqual(facts[key], told[key])) continue
    const [is, wanted] = [facts[key], told[key]].map(value => JSON.stringify(value) ?? 'undefined')
    throw new Error(`No host can tell of ${key} as this test has it: ${wanted}\nIt would be: ${is}`)
  }
  return facts
}
