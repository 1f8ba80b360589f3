/**
 * The go.mod files of the kit. One module requires Kubernetes and everything else that is built, so that shared packages
 * (client-go, grpc, …) are compiled once. The functions here only convert text.
 */

/** Versions without a leading v. Without `flannel` etc. the module builds Kubernetes, etcd and CoreDNS only. */
export interface Pins {
  readonly kubernetes: string
  readonly etcd: string
  readonly coredns: string
  readonly containerd?: string
  readonly runc?: string
  readonly cniPlugins?: string
  readonly flannel?: string
}

/** The tags that kubeadm needs, from the constants in its source. */
export interface KubeadmTags {
  /** Tag of the etcd image, e.g. `3.6.8-0`, which contains etcd 3.6.8. */
  readonly etcd: string
  /** `v1.14.2` */
  readonly coredns: string
  /** `3.10.2` */
  readonly pause: string
}

const paths: Readonly<Record<keyof Pins, string>> = {
  kubernetes: 'k8s.io/kubernetes',
  etcd: 'go.etcd.io/etcd/server/v3',
  coredns: 'github.com/coredns/coredns',
  containerd: 'github.com/containerd/containerd/v2',
  runc: 'github.com/opencontainers/runc',
  cniPlugins: 'github.com/containernetworking/plugins',
  flannel: 'github.com/flannel-io/flannel',
}

const etcdModules = ['api/v3', 'client/pkg/v3', 'client/v3', 'etcdctl/v3', 'etcdutl/v3', 'pkg/v3', 'server/v3']
const tencentCommon = 'github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common'

/**
 * The text of a go.mod before `go mod tidy`. `goVersion` is the lowest Go version, as in the go.mod of Kubernetes;
 * `staging` has the names of Kubernetes' staging modules, see `stagingModules`; `packages` are those to build, which tidy
 * keeps because they are listed as tools.
 */
export function moduleFile(
  pins: Pins,
  options: { goVersion: string; staging: readonly string[]; packages: readonly string[] },
): string {
  const staged = `v${pins.kubernetes.replace(/^1\./, '0.')}`
  const required = Object.entries(pins).map(([name, version]) => `${paths[name as keyof Pins]} v${version}`)
  const replaced = [
    // The go.mod of Kubernetes replaces these modules with folders that its published module does not contain.
    ...options.staging.map(name => `k8s.io/${name} => k8s.io/${name} ${staged}`),
    // flannel requires a newer etcd client, but the etcd image must contain the version in its tag.
    ...etcdModules.map(name => `go.etcd.io/etcd/${name} => go.etcd.io/etcd/${name} v${pins.etcd}`),
  ]
  // Some module proxies lack the version that flannel 0.28 requires.
  if (pins.flannel !== undefined) replaced.push(`${tencentCommon} => ${tencentCommon} v1.3.78`)
  return [
    `module evcctl.test/kit\n\ngo ${options.goVersion}`,
    block('require', [...required, ...['etcdctl', 'etcdutl'].map(name => `go.etcd.io/etcd/${name}/v3 v${pins.etcd}`)]),
    block('tool', options.packages),
    block('replace', replaced),
  ].join('\n\n')
}

/** The pins of a go.mod that `moduleFile` made, after `go mod tidy`. */
export function readPins(goMod: string): Pins {
  const versions = new Map<string, string>()
  for (const [, path, version] of goMod.matchAll(/^(?:require)?\s+(\S+) v([^\s/]+)(?: \/\/ indirect)?$/gm)) {
    versions.set(path!, version!)
  }
  const pins: Partial<Record<keyof Pins, string>> = {}
  for (const [name, path] of Object.entries(paths)) {
    const version = versions.get(path)
    if (version !== undefined) pins[name as keyof Pins] = version
  }
  const { kubernetes, coredns } = pins
  // flannel may require a newer etcd, but the version that replaces it is built.
  const etcd = /^\s+go\.etcd\.io\/etcd\/server\/v3 => \S+ v(\S+)$/m.exec(goMod)?.[1]
  if (kubernetes === undefined || etcd === undefined || coredns === undefined) {
    throw new Error(
      'go.mod of the kit does not require Kubernetes, etcd and CoreDNS; create it again: node test/kit/pin.ts',
    )
  }
  return { ...pins, kubernetes, etcd, coredns }
}

/** Names of the modules that Kubernetes develops in its own repository, from its go.mod. */
export function stagingModules(kubernetesGoMod: string): readonly string[] {
  return [...kubernetesGoMod.matchAll(/^\s*(?:replace )?k8s\.io\/(\S+) => \.\/staging\//gm)].map(match => match[1]!)
}

/** The `go` line of a go.mod: `1.26.0`. */
export function goVersionOf(goMod: string): string {
  const version = /^go (\d+\.\d+(?:\.\d+)?)$/m.exec(goMod)?.[1]
  if (version === undefined) throw new Error('go.mod without a go line')
  return version
}

/** Reads the tags from cmd/kubeadm/app/constants/constants.go of a Kubernetes version. */
export function kubeadmTags(constants: string): KubeadmTags {
  const constant = (name: string): string => {
    const value = new RegExp(`^\\s*${name} = "([^"]+)"$`, 'm').exec(constants)?.[1]
    if (value === undefined) throw new Error(`kubeadm's constants.go has no ${name}: where did it go in this version?`)
    return value
  }
  return {
    etcd: constant('DefaultEtcdVersion'),
    coredns: constant('CoreDNSVersion'),
    pause: constant('PauseVersion'),
  }
}

function block(keyword: string, lines: readonly string[]): string {
  return `${keyword} (\n${lines.map(line => `\t${line}\n`).join('')})`
}
