import type { LocalHosts } from './hosts.ts'

/** Limits of containers on this machine; cluster.yaml needs a setting for each of them. */
export interface HostNeeds {
  /** The machine still uses cgroup v1. */
  readonly cgroupV1: boolean
  /** Processes may not lower their OOM score (no CAP_SYS_RESOURCE). */
  readonly fixedOomScore: boolean
  /** nf_conntrack_max belongs to the machine and cannot be written from a container. */
  readonly fixedConntrackMax: boolean
}

// CAP_SYS_RESOURCE is bit 24 (linux/capability.h). Writing the current limit again shows whether it can be written.
const question = `
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || echo cgroupV1
caps=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
[ $(( 0x$caps >> 24 & 1 )) = 1 ] || echo fixedOomScore
max=/proc/sys/net/netfilter/nf_conntrack_max
[ -e $max ] && (cat $max >$max) 2>/dev/null || echo fixedConntrackMax`

/** Asks a running host which settings it needs because it is a container. */
export async function detectNeeds(hosts: LocalHosts): Promise<HostNeeds> {
  const first = hosts.hosts[0]
  if (first === undefined) throw new RangeError(`local cluster ${hosts.name} has no hosts`)
  const { stdout, exitCode, stderr } = await hosts.exec(first.name, question)
  if (exitCode !== 0) throw new Error(`asking ${first.name} what it needs failed with ${exitCode}: ${stderr}`)
  const answers = new Set(stdout.split('\n'))
  return {
    cgroupV1: answers.has('cgroupV1'),
    fixedOomScore: answers.has('fixedOomScore'),
    fixedConntrackMax: answers.has('fixedConntrackMax'),
  }
}
