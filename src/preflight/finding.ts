import {
  type CheckName,
  type ErrorDetails,
  firstOf,
  type HostFacts,
  type HostSpec,
  type Inventory,
  UserError,
} from '../index.ts'

/** A fault that a check found on a host. */
export interface Finding {
  /** Undefined if the checks themselves failed, which cannot be ignored. */
  readonly check: CheckName | undefined
  /** Name of the host. */
  readonly host: string
  readonly error: UserError
}

// Most lines of `actual`. A longer list is easier to look at on the host itself.
const mostLines = 20

/** The part of the inventory that a check of one host gets. */
export type CheckedCluster = Pick<Inventory, 'spec' | 'distribution'>

/** A host of cluster.yaml with its facts. */
export interface KnownHost {
  readonly host: HostSpec
  readonly facts: HostFacts
}

/** An error of one host. Its `next` also says how to switch the check off. */
export function finding(check: CheckName, host: HostSpec, all: Omit<ErrorDetails, 'where'>): Finding {
  const { actual } = all
  const details = actual === undefined ? all : { ...all, actual: firstOf(actual.split('\n'), mostLines).join('\n') }
  const off = `To continue in spite of this, set spec.preflight.ignore: [${check}]`
  const next = details.next === undefined ? off : `${details.next}\n${off}`
  return { check, host: host.name, error: new UserError({ where: `${host.name} (${host.address})`, ...details, next }) }
}

/** A size in bytes as text, e.g. `1.5 GiB`. */
export function sizeText(bytes: number): string {
  const gib = bytes / 2 ** 30
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.floor(bytes / 2 ** 20)} MiB`
}
