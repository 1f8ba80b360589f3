import { type CheckName, type ClusterSpec, isControlPlane, privateAddressOf } from '../index.ts'
import { clockChecks } from './clock.ts'
import { type Finding, finding, type KnownHost } from './finding.ts'

// UUIDs and texts that vendors leave in a whole series of machines.
const placeholders = /^(0{8}-0{4}|f{8}-f{4}|03000200-0400-0500-0006-000700080009$|not |default|to be filled)/i

const listedTwice = 'If both are one machine, list it once, with all its roles.'

/** Checks what has to differ on every host, and that all hosts have the same time. */
export function* acrossHosts(spec: ClusterSpec, hosts: readonly KnownHost[]): Iterable<Finding> {
  yield* clockChecks(spec, hosts)
  yield* same('machineId', hosts, {
    what: 'machine ID (/etc/machine-id)',
    value: ({ facts }) => facts.machineId,
    next: `${listedTwice} If it was cloned, on one of them: rm /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot`,
  })
  yield* same('productUuid', hosts, {
    what: 'product UUID (/sys/class/dmi/id/product_uuid)',
    value: ({ facts }) => (placeholders.test(facts.productUuid) ? '' : facts.productUuid),
    next: `${listedTwice} If it was cloned, it needs a UUID of its own, which the hypervisor sets.`,
  })
  yield* same('privateAddress', hosts, {
    what: 'private address',
    value: ({ host, facts }) => privateAddressOf(host, facts) ?? '',
    next: 'Set privateAddress of each host in cluster.yaml. If both are one machine, list it once.',
  })
  if (!spec.os.setHostname) {
    yield* same('hostname', hosts, {
      what: 'host name',
      value: ({ facts }) => facts.hostname,
      next: 'Give each a name of its own (hostnamectl set-hostname), or leave spec.os.setHostname at true.',
    })
  }
  for (const { host, facts } of hosts) {
    if (facts.machineId !== '') continue
    yield finding('machineId', host, {
      problem: 'The host has no machine ID, which the kubelet reports for its node.',
      expected: '32 hexadecimal digits in /etc/machine-id',
      actual: 'nothing',
      next: 'Run on the host: systemd-machine-id-setup',
    })
  }
}

interface Distinct {
  readonly what: string
  /** Empty values are not compared. */
  readonly value: (known: KnownHost) => string
  readonly next: string
}

function* same(check: CheckName, hosts: readonly KnownHost[], { what, value, next }: Distinct): Iterable<Finding> {
  const firsts = new Map<string, KnownHost>()
  for (const known of [...hosts].sort((a, b) => standing(a) - standing(b))) {
    const own = value(known)
    if (own === '') continue
    const first = firsts.get(own)
    if (first === undefined) firsts.set(own, known)
    else {
      yield finding(check, known.host, {
        problem: `The host has the same ${what} as ${first.host.name} (${first.host.address}).`,
        expected: 'a different one on every host',
        actual: own,
        next,
      })
    }
  }
}

// Of two hosts with the same value, the finding names the one that the cluster can do without more easily: control plane
// nodes come before worker nodes, and hosts that are nodes already come before all others.
function standing({ host, facts }: KnownHost): number {
  const kind = isControlPlane(host) ? 0 : 1
  return facts.kubernetes.kubeletConf ? kind : kind + 2
}
