import { type CheckName, type Inventory, UserError } from '../index.ts'
import { acrossHosts } from './across-hosts.ts'
import { endpointChecks } from './endpoint.ts'
import { etcdChecks } from './etcd.ts'
import type { CheckedCluster, Finding, KnownHost } from './finding.ts'
import { machineChecks } from './machine.ts'
import { nameserverChecks } from './name-servers.ts'
import { networkChecks } from './network.ts'
import { otherSoftwareChecks } from './other-software.ts'
import { portChecks } from './ports.ts'
import { rangeChecks } from './ranges.ts'
import { remainsChecks } from './remains.ts'
import { runtimeFileChecks } from './runtime-files.ts'
import { systemChecks } from './system.ts'

export { type ReplacementNote, replacementNotes, rotationNote } from './authorities.ts'
export {
  type ExpiringCertificate,
  type ExpiryNote,
  expiringCertificates,
  expiryNotes,
} from './certificates.ts'
export { otherPodNetworks } from './first-cni-file.ts'
export { resolvConfOf } from './name-servers.ts'
export { type HostNote, takenOver } from './taken-over.ts'

type KnownCluster = Pick<Inventory, 'spec' | 'distribution' | 'facts'>

/** The checks that look at one host. */
const perHost = [
  systemChecks,
  machineChecks,
  networkChecks,
  nameserverChecks,
  portChecks,
  remainsChecks,
  etcdChecks,
  otherSoftwareChecks,
  runtimeFileChecks,
  rangeChecks,
] as const

/**
 * All findings on the hosts, before evcctl writes anything to them. Hosts without facts (unreachable ones) are left out.
 * Pure: it needs nothing but cluster.yaml and the facts. `spec.preflight.ignore` switches checks off by name.
 */
export function checkHosts(cluster: KnownCluster): readonly Finding[] {
  const ignored = new Set<CheckName>(cluster.spec.preflight.ignore)
  return findings(cluster).filter(({ check }) => check === undefined || !ignored.has(check))
}

/** The findings that `spec.preflight.ignore` lets pass, for a warning. */
export function ignoredFindings(cluster: KnownCluster): readonly Finding[] {
  const ignored = new Set<CheckName>(cluster.spec.preflight.ignore)
  return ignored.size === 0 ? [] : findings(cluster).filter(({ check }) => check !== undefined && ignored.has(check))
}

function findings(cluster: KnownCluster): readonly Finding[] {
  const { spec, facts } = cluster
  const hosts = spec.hosts.flatMap(host => {
    const known = facts.get(host.name)
    return known === undefined ? [] : [{ host, facts: known }]
  })
  const found = hosts.flatMap(({ host, facts: known }) =>
    perHost.flatMap(check => findingsOf(check, cluster, { host, facts: known })),
  )
  return [...found, ...acrossHosts(spec, hosts), ...endpointChecks(cluster, hosts)]
}

// Facts of one host must not end the run of the others, whatever a check does with them.
function findingsOf(
  check: (typeof perHost)[number],
  cluster: CheckedCluster,
  { host, facts }: KnownHost,
): readonly Finding[] {
  try {
    return [...check(cluster, host, facts)]
  } catch (cause) {
    const error = new UserError(
      {
        where: `${host.name} (${host.address})`,
        problem: 'evcctl could not check the facts of the host.',
        actual: cause instanceof Error ? cause.message : String(cause),
        next: 'If nothing is wrong with the machine, this is a fault of evcctl: please report it.',
      },
      { cause },
    )
    return [{ check: undefined, host: host.name, error }]
  }
}
