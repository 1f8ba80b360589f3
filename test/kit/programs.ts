import type { Pins } from './module-file.ts'

/** One Go program that is built from source. */
export interface Program {
  readonly name: string
  /** Import path of its main package. */
  readonly package: string
  /** Whether it contains C. Then a C compiler builds it, and it is linked statically. */
  readonly cgo: boolean
  /** Variables of Go with the values that the linker sets. */
  readonly variables: Readonly<Record<string, string>>
}

/**
 * Flags of every build: two programs share a compiled package only if all flags are equal. With netgo and osusergo, even
 * programs with C share the standard library with the others. There is no debug information, because it would be removed
 * anyway.
 */
export const buildFlags = [
  '-trimpath',
  '-gcflags=all=-dwarf=false',
  '-tags=netgo,osusergo,seccomp,no_btrfs,no_zfs,no_devmapper',
] as const

const containerd = 'github.com/containerd/containerd/v2'
const etcd = 'go.etcd.io/etcd'
const cni = 'github.com/containernetworking/plugins'

/** The plugins of the release archive that are built on Linux. */
export const cniPlugins: Readonly<Record<string, readonly string[]>> = {
  ipam: ['dhcp', 'host-local', 'static'],
  main: ['bridge', 'dummy', 'host-device', 'ipvlan', 'loopback', 'macvlan', 'ptp', 'tap', 'vlan'],
  meta: ['bandwidth', 'firewall', 'portmap', 'sbr', 'tuning', 'vrf'],
}

export const containerdPrograms = ['containerd', 'containerd-shim-runc-v2', 'ctr'] as const
export const etcdPrograms = ['etcd', 'etcdctl', 'etcdutl'] as const
const nodePrograms = ['kubeadm', 'kubelet', 'kubectl'] as const
const controlPlanePrograms = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'] as const

/** All programs that a module with these pins builds, in the order in which hosts need them. */
export function programsOf(pins: Pins): readonly Program[] {
  const kubernetes = (name: string): Program =>
    program(name, `k8s.io/kubernetes/cmd/${name}`, kubernetesVariables(pins.kubernetes))
  const programs = nodePrograms.map(kubernetes)
  if (pins.containerd !== undefined) {
    const variables = { [`${containerd}/version.Version`]: `v${pins.containerd}` }
    programs.push(...containerdPrograms.map(name => program(name, `${containerd}/cmd/${name}`, variables)))
  }
  if (pins.cniPlugins !== undefined) {
    const variables = { [`${cni}/pkg/utils/buildversion.BuildVersion`]: `v${pins.cniPlugins}` }
    for (const [kind, names] of Object.entries(cniPlugins)) {
      programs.push(...names.map(name => program(name, `${cni}/plugins/${kind}/${name}`, variables)))
    }
  }
  programs.push(
    ...controlPlanePrograms.map(kubernetes),
    program('etcd', `${etcd}/server/v3`),
    program('etcdctl', `${etcd}/etcdctl/v3`),
    program('etcdutl', `${etcd}/etcdutl/v3`),
    program('coredns', 'evcctl.test/kit/coredns'),
  )
  if (pins.runc !== undefined) programs.push({ ...program('runc', 'github.com/opencontainers/runc'), cgo: true })
  if (pins.flannel !== undefined) {
    const flannel = 'github.com/flannel-io/flannel'
    const variables = { [`${flannel}/pkg/version.Version`]: `v${pins.flannel}` }
    programs.push({ ...program('flannel', flannel, variables), cgo: true })
  }
  return programs
}

/** The name under which `go build` writes a program, which may differ from the program's own. */
export function builtName(built: Program): string {
  return built.package.split('/').findLast(element => !/^v\d+$/.test(element))!
}

/**
 * Linker flags for a build of several programs. Each program has one flag, because only the last one that matches a package
 * counts.
 */
export function linkerFlags(programs: readonly Program[]): readonly string[] {
  return programs.map(({ package: path, cgo, variables }) => {
    const set = Object.entries(variables).map(([variable, value]) => ` -X ${variable}=${value}`)
    return `-ldflags=${path}=-s -w${cgo ? ' -linkmode=external -extldflags=-static' : ''}${set.join('')}`
  })
}

function program(name: string, path: string, variables: Readonly<Record<string, string>> = {}): Program {
  return { name, package: path, cgo: false, variables }
}

/** The version, set at link time. Without it, kubeadm takes its version for 0.0.0 and refuses to work. */
function kubernetesVariables(version: string): Readonly<Record<string, string>> {
  const [major, minor] = version.split('.')
  const values = {
    gitVersion: `v${version}`,
    gitMajor: major!,
    gitMinor: minor!,
    gitCommit: 'evcctl-test-kit',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
  }
  const packages = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']
  return Object.fromEntries(
    packages.flatMap(path => Object.entries(values).map(([name, value]) => [`${path}.${name}`, value])),
  )
}
