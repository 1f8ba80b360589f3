import { directory, type HttpProxy, hostname, hostsEntry, packages, type Role, type Task } from '../../src/index.ts'

/** The Debian and Ubuntu packages that generate keys and requests. */
export const etcdPackages: readonly string[] = ['openssl']

export interface EtcdHostParameters {
  readonly packages: {
    /** False: nothing is installed. */
    readonly manage: boolean
    readonly updateCache: 'when needed' | 'never'
    readonly extra: readonly string[]
  }
  readonly setHostname: boolean
  /** The proxy through which packages are fetched; undefined: the host's own settings apply. */
  readonly proxy?: HttpProxy
  readonly hostname: string
  /** The address that the host's name resolves to on the host itself. */
  readonly address: string
}

/** Prepares a host that only runs etcd: it is no node, so swap and kernel settings stay as they are. */
export const etcdHost: Role<EtcdHostParameters, { readonly all: readonly Task[] }> = {
  name: 'etcd-host',
  declare(scope, params) {
    const all: Task[] = [scope.add(directory({ path: '/var/lib/evcctl', mode: 0o700 }))]
    const { manage, updateCache, extra } = params.packages
    const names = ['ca-certificates', 'curl', ...etcdPackages, ...extra]
    if (manage) all.push(scope.add(packages({ names, updateCache, platform: 'apt', proxy: params.proxy })))
    if (params.setHostname) all.push(scope.add(hostname({ name: params.hostname })))
    all.push(scope.add(hostsEntry({ address: params.address, names: [params.hostname] })))
    return { all }
  },
}
