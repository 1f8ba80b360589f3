import {
  type CheckName,
  type ErrorDetails,
  firstOf,
  type HostFacts,
  type HostSpec,
  type Inventory,
  UserError,
} from '../index.ts'

/** What a check found wrong. */
export interface Finding {
  /** Undefined where the checks themselves could not be made: that cannot be ignored. */
  readonly check: CheckName | undefined
  /** Name of the host. */
  readonly host: string
  readonly error: UserError
}

// What a check has found so many of, a person finds more of by looking there.
const mostLines = 20

/** What a check of one host knows of the cluster. */
export type CheckedCluster = Pick<Inventory, 'spec' | 'distribution'>

/** A host of cluster.yaml and what is known of it. */
export interface KnownHost {
  readonly host: HostSpec
  readonly facts: HostFacts
}

/** An error of one host; `next` also says how the check is switched off. */
export function finding(check: CheckName, host: HostSpec, all: Omit<ErrorDetails, 'where'>): Finding {
  const { actual } = all
  const details = actual === undefined ? all : { ...all, actual: firstOf(actual.split('\n'), mostLines).join('\n') }
  const off = `To go on in spite of it: spec.preflight.ignore: [${check}]`
  const next = details.next === undefined ? off : `${details.next}\n${off}`
  return { check, host: host.name, error: new UserError({ where: `${host.name} (${host.address})`, ...details, next }) }
}

/** Bytes in words, e.g. `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.floor(bytes / 2 ** 20)} MiB`
}
