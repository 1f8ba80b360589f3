import type { HostFacts } from '../../src/facts/index.ts'

type Sections = Readonly<Record<string, string>>

/** The sections of the modules system, free-space, swap and name-servers, of the facts that a test sets. */
export function printSystem(told: Partial<HostFacts>): Sections {
  const { os, freeBytes, swap, nameservers, cgroupVersion = 2, cgroupControllers = controllers } = told
  return {
    ...(os && { os: printOs(os) }),
    ...('architecture' in told && { machine: machineOf(told.architecture) }),
    ...printText(told, { kernel: 'kernel', machine: 'machine', hostname: 'hostname', cpus: 'cpus' }),
    ...printText(told, { machineId: 'machine-id', productUuid: 'product-uuid' }),
    ...('userlandBits' in told && { userland: classes.get(told.userlandBits) ?? '' }),
    ...(told.uptimeMs !== undefined && { uptime: `${told.uptimeMs / 1000}.07 1234.56` }),
    ...(told.memoryBytes !== undefined && { memory: `MemTotal:       ${told.memoryBytes / 1024} kB` }),
    ...(told.systemd !== undefined && { init: told.systemd ? 'systemd\nbooted-with-systemd' : 'init' }),
    ...(cgroupVersion === 2
      ? { cgroup2: cgroupControllers.join(' ') }
      : { cgroup2: '', cgroup1: cgroupControllers.map(name => `${name}\t3\t60\t1`).join('\n') }),
    ...(freeBytes && { free: printFree(freeBytes) }),
    ...(swap && {
      swaps: ['Filename\tType', ...swap.map(name => `${name.replaceAll(' ', '\\040')}\tfile`)].join('\n'),
    }),
    ...(nameservers && { nameservers: nameservers.map(address => `nameserver ${address}`).join('\n') }),
  }
}

const controllers = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids', 'rdma']

// As od prints the class of an ELF file.
const classes: ReadonlyMap<HostFacts['userlandBits'], string> = new Map([
  [32, '   1'],
  [64, '   2'],
])

/** Sections of one line, by the name of the fact in that line. */
function printText(told: Partial<HostFacts>, sections: Partial<Record<keyof HostFacts, string>>): Sections {
  return Object.fromEntries(
    Object.entries(sections).flatMap(([fact, section]) => {
      const value = told[fact as keyof HostFacts]
      return value === undefined ? [] : [[section, String(value)]]
    }),
  )
}

function machineOf(architecture: HostFacts['architecture']): string {
  if (architecture === undefined) return 'riscv64'
  return architecture === 'amd64' ? 'x86_64' : 'aarch64'
}

function printOs({ id, like, version, name }: HostFacts['os']): string {
  const lines = [`PRETTY_NAME="${name}"`, `VERSION_ID="${version}"`, `ID=${id}`]
  return [...lines, ...(like.length === 0 ? [] : [`ID_LIKE="${like.join(' ')}"`])].join('\n')
}

function printFree(freeBytes: HostFacts['freeBytes']): string {
  const lines = (['/usr/local/bin', '/var/lib', '/etc', '/tmp'] as const).map(
    path => `/dev/vda 264212084 21939412 ${freeBytes[path] / 1024} 23% /`,
  )
  return ['Filesystem 1024-blocks Used Available Capacity Mounted on', ...lines].join('\n')
}
