import {
  directory,
  type HttpProxy,
  hostname,
  hostsEntry,
  kernelModules,
  packages,
  type Role,
  swapOff,
  sysctls,
  type Task,
} from '../../src/index.ts'
import { kernelModuleNames, packageNames, sysctlLowerBounds, sysctlOptional, sysctlValues } from './settings.ts'

export interface OsParameters {
  readonly packages: {
    readonly manage: boolean
    readonly updateCache: 'when needed' | 'never'
    /** Packages in addition to this role's: the user's, and those of other roles, so that one transaction installs all. */
    readonly extra: readonly string[]
    /** Units that those packages install and that must not start, e.g. `nginx.service`. */
    readonly keepDisabled?: readonly string[]
  }
  /** Settings that add to this role's, or replace them. */
  readonly sysctls: Readonly<Record<string, string>>
  readonly kernelModules: readonly string[]
  readonly disableSwap: boolean
  readonly setHostname: boolean
  /** The proxy through which packages are fetched; undefined: the host's own settings apply. */
  readonly proxy?: HttpProxy
  /** Name of the host and of its node. */
  readonly hostname: string
  /** The address that the host's name resolves to on the host itself; undefined: /etc/hosts is left alone. */
  readonly address?: string
}

export interface OsOutputs {
  /** Undefined where packages are not managed. */
  readonly packages: Task | undefined
  /** Everything that has to be done before a container runtime or the kubelet starts. */
  readonly all: readonly Task[]
}

/**
 * Prepares a Debian-like system to become a node. The tasks wait for each other only where they must, so that nearly all
 * of them travel in one exchange.
 */
export const os: Role<OsParameters, OsOutputs> = {
  name: 'os',
  declare(scope, params) {
    const folders = [
      scope.add(directory({ path: '/var/lib/evcctl', mode: 0o700 })),
      scope.add(directory({ path: '/etc/evcctl', mode: 0o755 })),
    ]
    const installed = params.packages.manage
      ? scope.add(
          packages({
            names: [...packageNames, ...params.packages.extra],
            updateCache: params.packages.updateCache,
            keepDisabled: params.packages.keepDisabled,
            platform: 'apt',
            proxy: params.proxy,
          }),
        )
      : undefined
    const modules = scope.add(kernelModules({ names: [...kernelModuleNames, ...params.kernelModules] }))
    const bounds = Object.entries(sysctlLowerBounds).filter(([key]) => !(key in params.sysctls))
    const settings = scope.add(
      sysctls({
        values: { ...sysctlValues, ...params.sysctls },
        atLeast: Object.fromEntries(bounds),
        optional: sysctlOptional.filter(key => !(key in params.sysctls)),
      }),
      // The module br_netfilter creates the settings net.bridge.*
      { after: [modules] },
    )
    const all = [...folders, modules, settings]
    if (installed !== undefined) all.push(installed)
    if (params.disableSwap) all.push(scope.add(swapOff()))
    if (params.setHostname) all.push(scope.add(hostname({ name: params.hostname })))
    if (params.address !== undefined) {
      all.push(scope.add(hostsEntry({ address: params.address, names: [params.hostname] })))
    }
    return { packages: installed, all }
  },
}
