import type { HttpProxy } from '../../core/http-proxy.ts'
import { askingProbeMs } from '../../core/limits.ts'
import type { FieldChange, Resource } from '../../core/resource.ts'
import { proxyUser } from '../support/index.ts'
import { explainApt } from './apt-failure.ts'
import { aptInstallScript } from './apt-install.ts'
import { aptScript, type PackageState, parseApt, type Repair } from './apt-state.ts'

export interface PackagesParameters {
  /** Package names as the distribution has them. */
  readonly names: readonly string[]
  /** `when needed`: the lists are fetched only if a package is not in them, or can no longer be downloaded. */
  readonly updateCache: 'when needed' | 'never'
  /**
   * Units that one of the packages brings and that must neither be started by its installation nor at boot, e.g.
   * `nginx.service`. A unit that was on the host before is left as it is.
   */
  readonly keepDisabled?: readonly string[]
  readonly platform: 'apt'
  /** The proxy; undefined: as the environment of the host says. Settings in /etc/apt take precedence over both. */
  readonly proxy?: HttpProxy | undefined
}

export interface PackagesDesired {
  readonly names: readonly string[]
}

/**
 * Installed packages, all in one transaction. Any version is accepted, and none is upgraded or removed. Configuration files
 * that were changed by hand are kept, and services that need a restart are not restarted. Packages that a crashed run left
 * half configured are completed first.
 */
export function packages(parameters: PackagesParameters): Resource<PackageState, PackagesDesired> {
  const { names, updateCache, keepDisabled = [], proxy } = parameters
  const wanted = [...new Set(names)].sort()
  return {
    kind: 'packages',
    name: parameters.platform,
    title: 'packages',
    probe: { script: aptScript(wanted), timeoutMs: askingProbeMs, parse: parseApt },
    desired: { names: wanted },
    diff(current) {
      const fields: FieldChange[] = missing(current, wanted).map(name => ({ field: name, after: 'installed' }))
      for (const name of current.broken) fields.push({ field: name, before: 'half configured', after: 'installed' })
      const repairs = needed(current, wanted)
      for (const { name, version } of repairs)
        fields.push({
          field: name,
          ...(version !== undefined && { before: version }),
          after: version === undefined ? 'installed' : 'the version that the repositories have',
        })
      if (current.interrupted) fields.push({ field: 'dpkg', before: 'interrupted', after: 'completed' })
      for (const unit of current.keptDisabled) {
        fields.push({ field: unit, before: 'as its package left it', after: 'disabled' })
      }
      if (fields.length === 0) return undefined
      const note = `what a crash left half configured needs ${repairs.map(({ name }) => name).join(', ')}`
      const action = fields.every(field => field.before === undefined) ? 'create' : 'update'
      return { action, fields, ...(repairs.length > 0 && { note }) }
    },
    converge: current => [
      {
        run: aptInstallScript({
          missing: missing(current, wanted),
          repair: isCutOff(current) ? [...current.broken, ...current.repairs.map(({ name }) => name)] : undefined,
          update: updateCache,
          keepDisabled: [...new Set([...keepDisabled, ...current.keptDisabled])],
          proxy,
        }),
        ...(proxy?.login === undefined ? {} : { stdin: proxyUser(proxy.login) }),
        timeoutMs: 30 * 60_000,
      },
    ],
    explain: explainApt,
  }
}

function isCutOff({ interrupted, broken }: PackageState): boolean {
  return interrupted || broken.length > 0
}

// Other packages are in the plan already.
function needed(current: PackageState, names: readonly string[]): readonly Repair[] {
  const named = [...current.broken, ...missing(current, names)]
  return current.repairs.filter(({ name }) => !named.includes(name))
}

function missing(current: PackageState, names: readonly string[]): readonly string[] {
  return names.filter(name => !current.installed.has(name) && !current.broken.includes(name))
}
