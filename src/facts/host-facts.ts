import type { FactsOf, HostReading } from '../core/facts.ts'
import { appliedFacts } from './applied.ts'
import { certificateFacts } from './certificates.ts'
import type { DistributionFacts } from './distribution.ts'
import type { EndpointFacts } from './endpoint.ts'
import { etcdFacts } from './etcd.ts'
import { freeSpaceFacts } from './free-space.ts'
import type { KubeletNameServerFacts } from './kubelet-name-servers.ts'
import { kubernetesFacts } from './kubernetes.ts'
import { listeningFacts } from './listening.ts'
import { nameServerFacts } from './name-servers.ts'
import { networkFacts } from './network.ts'
import { remainsFacts } from './remains.ts'
import { swapFacts } from './swap.ts'
import { systemFacts } from './system.ts'

/** The facts that evcctl reads on every host of a cluster. `own`: those that depend on its distribution. */
export function hostFacts(own: DistributionFacts) {
  return [
    systemFacts,
    networkFacts,
    listeningFacts,
    freeSpaceFacts,
    kubernetesFacts(own),
    etcdFacts,
    nameServerFacts,
    remainsFacts(own),
    certificateFacts(own),
    swapFacts,
    appliedFacts,
  ] as const
}

/** The facts that evcctl reads on a host only if cluster.yaml gives a reason. */
export interface AskedFacts extends KubeletNameServerFacts {
  readonly endpoint: EndpointFacts
}

/** The facts of a host of a cluster. evcctl reads them once in a run, in one exchange. Sizes are in bytes, times in ms. */
export interface HostFacts extends HostReading, FactsOf<ReturnType<typeof hostFacts>>, Partial<AskedFacts> {}
