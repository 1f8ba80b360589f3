import type { ErrorDetails } from '../../core/error-details.ts'
import type { HostError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import type { SshTarget } from '../../core/ssh-target.ts'
import type { SshConfig } from '../config/index.ts'
import type { Connection } from '../connection.ts'
import { type Endpoint, machineKey, resolveTarget } from '../resolve.ts'
import type { RootMode } from '../sudo.ts'

/** How far one machine came. */
export interface Progress {
  hostKey: 'known' | 'recorded' | 'to be recorded' | 'failed' | 'not tried'
  /** `ssh-ed25519 SHA256:…`, once the machine has shown it. */
  fingerprint: string | undefined
  key: 'already' | 'installed' | 'to be installed' | 'failed' | 'not tried'
  login: 'ok' | 'failed' | 'not tried'
  /** `not needed`: a jump host. */
  root: RootMode | 'failed' | 'not tried' | 'not needed'
  error: ErrorDetails | undefined
}

/** One machine to be logged into: a host of cluster.yaml, or a jump host on the way to some. */
export interface Machine {
  /** Name in cluster.yaml; for a jump host as written in ProxyJump. */
  readonly name: string
  readonly jumpHost: boolean
  /** With all that cluster.yaml and ~/.ssh/config know to log in with. */
  readonly endpoint: Endpoint
  /** Machines between here and this one. */
  readonly hops: number
  readonly via: Machine | undefined
  readonly sudoPassword: Secret | undefined
  readonly progress: Progress
  /** File of the private key that is to let in. */
  identityFile: string
  /** The host key that it showed and that known_hosts does not have. */
  unknownKey: Buffer | undefined
  /** A password that let in. */
  password: Secret | undefined
  /** Open while it is worked on; that of a jump host until the end. */
  connection: Connection | undefined
}

/**
 * All machines that lead to the targets, each once, jump hosts before what is behind them. A host that others go
 * through counts as a host. `identityFile` names the key for all of them; without it each has its own.
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

/** Gives a machine up: the step that failed, and why. */
export function giveUp(
  machine: Machine,
  step: 'hostKey' | 'key' | 'login' | 'root' | undefined,
  error: HostError,
): void {
  if (step !== undefined) machine.progress[step] = 'failed'
  machine.progress.error = error.details
}

/** Whether there is still something to do on it. */
export function inHand({ progress }: Machine): boolean {
  return progress.error === undefined
}
