import type { FactModule } from '../core/facts.ts'
import type { Architecture } from '../core/host.ts'
import { ownValue } from '../core/own-value.ts'
import { expectNumber, expectThat, isText } from './checks.ts'

/** The machine and its operating system. */
export interface SystemFacts {
  readonly os: {
    /** `ID` of /etc/os-release, e.g. `debian`. */
    readonly id: string
    /** `ID_LIKE`, split at blanks. */
    readonly like: readonly string[]
    /** `VERSION_ID`, e.g. `12`; empty when there is none. */
    readonly version: string
    /** `PRETTY_NAME`. */
    readonly name: string
  }
  /** `uname -r`. */
  readonly kernel: string
  /** Output of `uname -m`, e.g. `aarch64`. */
  readonly machine: string
  /** Undefined for machines that Kubernetes has no upstream artifacts for. */
  readonly architecture: Architecture | undefined
  /**
   * Word size of the programs: a 32 bit system may run on a 64 bit kernel, as Raspberry Pi OS does. Undefined: not known.
   */
  readonly userlandBits: 32 | 64 | undefined
  readonly hostname: string
  readonly machineId: string
  /** /sys/class/dmi/id/product_uuid; empty where there is none. */
  readonly productUuid: string
  /** Time since the kernel or the container was started, ms. Undefined: not known. */
  readonly uptimeMs: number | undefined
  readonly cpus: number
  readonly memoryBytes: number
  /** True where PID 1 is systemd. */
  readonly systemd: boolean
  readonly cgroupVersion: 1 | 2
  /** Enabled cgroup controllers, e.g. cpu, memory, pids. */
  readonly cgroupControllers: readonly string[]
}

export const systemFacts: FactModule<SystemFacts> = {
  script: `at os
if [ -f /etc/os-release ]; then all </etc/os-release; elif [ -f /usr/lib/os-release ]; then all </usr/lib/os-release; fi
set -- $(uname -nrm)
at hostname; echo "$1"
at kernel; echo "$2"
at machine; echo "$3"
at userland; od -An -tu1 -j4 -N1 /bin/sh 2>/dev/null
first machine-id /etc/machine-id
first product-uuid /sys/class/dmi/id/product_uuid
first uptime /proc/uptime
at cpus; nproc 2>/dev/null || grep -c '^processor' /proc/cpuinfo
# MemTotal is the first line of it.
first memory /proc/meminfo
first init /proc/1/comm; [ ! -d /run/systemd/system ] || echo booted-with-systemd
first cgroup2 /sys/fs/cgroup/cgroup.controllers
at cgroup1; [ -e /sys/fs/cgroup/cgroup.controllers ] || cat /proc/cgroups 2>/dev/null
`,
  parse(sections) {
    const one = (name: string) => sections(name)[0]?.trim() ?? ''
    const release = parseRelease(sections('os'))
    const cgroup2 = sections('cgroup2')
    const facts = {
      os: {
        id: release.get('ID') ?? '',
        like: (release.get('ID_LIKE') ?? '').split(/\s+/).filter(id => id !== ''),
        version: release.get('VERSION_ID') ?? '',
        name: release.get('PRETTY_NAME') ?? release.get('NAME') ?? '',
      },
      kernel: one('kernel'),
      machine: one('machine'),
      architecture: ownValue(architectures, one('machine')),
      userlandBits: ownValue(userlandBits, one('userland')),
      hostname: one('hostname'),
      machineId: one('machine-id'),
      productUuid: one('product-uuid'),
      uptimeMs: parseUptime(one('uptime')),
      cpus: Number.parseInt(one('cpus'), 10) || 1,
      memoryBytes: (Number(/^MemTotal:\s+(\d{1,15}) kB/.exec(one('memory'))?.[1]) || 0) * 1024,
      systemd: one('init') === 'systemd' || sections('init').includes('booted-with-systemd'),
      cgroupVersion: cgroup2.length > 0 ? 2 : 1,
      cgroupControllers: cgroup2.length > 0 ? cgroup2[0]!.trim().split(/\s+/) : parseCgroups(sections('cgroup1')),
    } as const
    check(facts)
    return facts
  },
}

/** Architectures by the output of `uname -m`. */
const architectures: Readonly<Record<string, Architecture>> = {
  x86_64: 'amd64',
  amd64: 'amd64',
  aarch64: 'arm64',
  arm64: 'arm64',
}

// Word sizes by the class of the ELF file /bin/sh (EI_CLASS in elf(5)).
const userlandBits: Readonly<Record<string, SystemFacts['userlandBits']>> = { 1: 32, 2: 64 }

// proc(5): the seconds since the start, then the seconds that all processors were idle.
function parseUptime(text: string): number | undefined {
  const [, seconds] = /^(\d{1,12})(?:\.\d+)?(?: |$)/.exec(text) ?? []
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

// os-release(5): KEY=value, optionally in single or double quotes.
function parseRelease(lines: readonly string[]): ReadonlyMap<string, string> {
  const pairs = lines.flatMap(line => {
    const [, key, value] = /^([A-Z_0-9]+)=(.*)$/.exec(line.trim()) ?? []
    if (key === undefined || value === undefined) return []
    const quoted = /^(["'])(.*)\1$/.exec(value)?.[2] ?? value
    return [[key, quoted.replace(/\\(["$`\\])/g, '$1')] as const]
  })
  return new Map(pairs)
}

// Columns of /proc/cgroups: name, hierarchy, number of cgroups, enabled.
function parseCgroups(lines: readonly string[]): readonly string[] {
  return lines
    .filter(line => !line.startsWith('#'))
    .map(line => line.trim().split(/\s+/))
    .filter(columns => columns[3] === '1')
    .map(columns => columns[0]!)
}

function check(facts: SystemFacts): void {
  const { os } = facts
  expectThat(/^[A-Za-z0-9._-]{0,253}$/.test(facts.hostname), 'its host name', facts.hostname)
  for (const [what, text] of [
    ['its kernel', facts.kernel],
    ['its machine', facts.machine],
    ['its machine ID', facts.machineId],
    ['its product UUID', facts.productUuid],
    ['its system', [os.id, os.version, os.name, ...os.like].join(' ')],
    ['its cgroup controllers', facts.cgroupControllers.join(' ')],
  ] as const)
    expectThat(isText(text), what, text)
  expectNumber(facts.cpus, 'cpus')
  expectNumber(facts.memoryBytes, 'memory')
}
