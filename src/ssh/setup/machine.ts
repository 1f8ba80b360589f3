import type { ErrorDetails } from '../../core/error-details.ts'
import type { HostError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { SshTarget } from '../../core/ssh-target.ts'
import type { SshConfig } from '../config/index.ts'
import type { Connection } from '../connection.ts'
import { type Endpoint, machineKey, resolveTarget } from '../resolve.ts'
import type { RootMode } from '../sudo.ts'

/** The results of the steps on one machine so far. */
export interface Progress {
  hostKey: 'known' | 'recorded' | 'to be recorded' | 'failed' | 'not tried'
  /** `ssh-ed25519 SHA256:…`, once the machine has shown it. */
  fingerprint: string | undefined
  key: 'already' | 'installed' | 'to be installed' | 'failed' | 'not tried'
  login: 'ok' | 'failed' | 'not tried'
  /** `not needed` for a jump host. */
  root: RootMode | 'failed' | 'not tried' | 'not needed'
  error: ErrorDetails | undefined
}

/** One machine to log in to: a host of cluster.yaml, or a jump host on the way to others. */
export interface Machine {
  /** The name in cluster.yaml, or for a jump host the name as written in ProxyJump. */
  readonly name: string
  readonly jumpHost: boolean
  /** With all keys and passwords from cluster.yaml and ~/.ssh/config. */
  readonly endpoint: Endpoint
  /** The number of machines between here and this one. */
  readonly hops: number
  readonly via: Machine | undefined
  readonly sudoPassword: Secret | undefined
  readonly progress: Progress
  /** File of the private key for the login. */
  identityFile: string
  /** The host key that the machine showed, if known_hosts does not have it. */
  unknownKey: Buffer | undefined
  /** A password with which the login worked. */
  password: Secret | undefined
  /** Open while the machine is set up; for a jump host, until the end of the run. */
  connection: Connection | undefined
}

/**
 * The targets and all machines on the way to them, each once. Jump hosts come before the machines behind them. A host of
 * cluster.yaml that is also a jump host counts as a host. `identityFile` returns the key file for an endpoint.
 */
export function machinesOf(
  targets: readonly SshTarget[],
  config: SshConfig,
  identityFile: (endpoint: Endpoint) => string,
): readonly Machine[] {
  const machines = new Map<string, Machine>()
  const ends = targets.map(target => ({ target, endpoint: resolveTarget(target, config) }))
  const hosts = new Map(ends.map(end => [machineKey(end.endpoint), end]))
  const add = (endpoint: Endpoint): Machine => {
    const key = machineKey(endpoint)
    const known = machines.get(key)
    if (known !== undefined) return known
    const via = endpoint.via === undefined ? undefined : add(endpoint.via)
    const host = hosts.get(key)
    const machine = newMachine(host?.endpoint ?? endpoint, via, host?.target, identityFile)
    machines.set(key, machine)
    return machine
  }
  for (const { endpoint } of ends) add(endpoint)
  return [...machines.values()]
}

function newMachine(
  endpoint: Endpoint,
  via: Machine | undefined,
  target: SshTarget | undefined,
  identityFile: (endpoint: Endpoint) => string,
): Machine {
  const jumpHost = target === undefined
  return {
    name: endpoint.name,
    jumpHost,
    endpoint,
    hops: via === undefined ? 0 : via.hops + 1,
    via,
    sudoPassword: target?.sudoPassword,
    progress: {
      hostKey: 'not tried',
      fingerprint: undefined,
      key: 'not tried',
      login: 'not tried',
      root: jumpHost ? 'not needed' : 'not tried',
      error: undefined,
    },
    identityFile: identityFile(endpoint),
    unknownKey: undefined,
    password: undefined,
    connection: undefined,
  }
}

/** Records the step that failed on a machine, and why. */
export function giveUp(
  machine: Machine,
  step: 'hostKey' | 'key' | 'login' | 'root' | undefined,
  error: HostError,
): void {
  if (step !== undefined) machine.progress[step] = 'failed'
  machine.progress.error = error.details
}

/** Whether no step has failed on the machine, so that the setup continues there. */
export function inHand({ progress }: Machine): boolean {
  return progress.error === undefined
}
