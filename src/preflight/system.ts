import type { ClusterSpec, HostFacts, HostSpec } from '../index.ts'
import { type CheckedCluster, type Finding, finding } from './finding.ts'

/** Families of systems whose package manager, paths and tools evcctl's roles know. */
const families = ['debian', 'ubuntu', 'raspbian']

/** The oldest kernel that kubeadm's check SystemVerification accepts (k8s.io/system-validators 1.9: 4.19). */
const oldestKernel = [4, 19] as const

/** The oldest kernel for Cilium (Documentation/operations/system_requirements.rst at v1.20.1). */
const oldestForCilium = [5, 10] as const

/**
 * Cgroup controllers that the kubelet needs. The others of its list are always there, or optional (k8s.io/system-validators
 * 1.9).
 */
const controllers = ['cpu', 'cpuset', 'memory', 'pids']

const raspberryPi =
  'On a Raspberry Pi append cgroup_enable=memory to the one line of /boot/firmware/cmdline.txt (/boot/cmdline.txt before Debian 12) and reboot.'

/** Checks the operating system, architecture, init system, kernel and cgroups. */
export function* systemChecks({ spec }: CheckedCluster, host: HostSpec, facts: HostFacts): Iterable<Finding> {
  const { os } = facts
  if (![os.id, ...os.like].some(id => families.includes(id))) {
    yield finding('os', host, {
      problem: 'evcctl does not support the operating system of the host.',
      expected: 'Debian, Ubuntu, Raspberry Pi OS, or a system derived from one of these',
      actual: os.name || os.id || 'no /etc/os-release',
    })
  }
  if (facts.architecture === undefined) {
    yield finding('architecture', host, {
      problem: 'There are no Kubernetes binaries for the processor architecture of the host.',
      expected: 'x86_64 or aarch64',
      actual: facts.machine,
      next: facts.machine.startsWith('arm')
        ? 'Many such boards can run a 64 bit system. If yours can, install one.'
        : undefined,
    })
  }
  if (facts.architecture !== undefined && facts.userlandBits === 32) {
    yield finding('architecture', host, {
      problem:
        'The kernel of the host is 64 bit, but its programs and libraries are 32 bit. Kubernetes binaries do not run there.',
      expected: `a 64 bit system (${facts.architecture})`,
      actual: `${os.name || os.id}, 32 bit`,
      next: 'Install a 64 bit system, e.g. the 64 bit edition of Raspberry Pi OS.',
    })
  }
  if (!facts.systemd) {
    yield finding('systemd', host, {
      problem: 'The host was not started by systemd.',
      expected: 'systemd as process 1',
      actual: 'something else (ps -p 1 shows it)',
    })
  }
  if (isOlder(facts.kernel, oldestKernel)) {
    yield finding('kernel', host, {
      problem: 'The kernel of the host is too old for Kubernetes.',
      expected: `${oldestKernel.join('.')} or newer`,
      actual: facts.kernel,
      next: 'Update the kernel and reboot.',
    })
  }
  if (spec.network.cni === 'cilium' && isOlder(facts.kernel, oldestForCilium)) {
    yield finding('kernel', host, {
      problem: 'The kernel of the host is too old for Cilium.',
      expected: `${oldestForCilium.join('.')} or newer`,
      actual: facts.kernel,
      next: 'Update the kernel and reboot, or choose another spec.network.cni.',
    })
  }
  const missing = controllers.filter(name => !facts.cgroupControllers.includes(name))
  if (missing.length > 0) {
    yield finding('cgroups', host, {
      problem: `The kernel of the host does not offer the cgroup ${missing.length === 1 ? 'controller' : 'controllers'} ${missing.join(', ')}.`,
      expected: controllers.join(', '),
      actual: facts.cgroupControllers.join(', ') || 'none',
      next: missing.includes('memory') ? raspberryPi : 'Look for cgroup_disable in /proc/cmdline.',
    })
  }
  if (facts.cgroupVersion === 1 && refusesCgroupV1(spec)) {
    yield finding('cgroups', host, {
      problem: 'The host uses cgroup version 1, with which the kubelet of Kubernetes 1.35 and later does not start.',
      expected: 'cgroup version 2, or spec.kubernetes.kubeletConfiguration.failCgroupV1: false',
      actual: 'cgroup version 1',
      next: 'Append systemd.unified_cgroup_hierarchy=1 to the kernel command line and reboot.',
    })
  }
}

function refusesCgroupV1(spec: ClusterSpec): boolean {
  const minor = Number(spec.kubernetes.version.split('.')[1])
  return minor >= 35 && spec.kubernetes.kubeletConfiguration.failCgroupV1 !== false
}

function isOlder(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const match = /^(\d+)\.(\d+)/.exec(kernel)
  if (match === null) return false
  const [is, part] = [Number(match[1]), Number(match[2])]
  return is < major || (is === major && part < minor)
}
