import { HostError } from '../../core/errors.ts'
import type { Secret } from '../../core/secret.ts'
import { connect } from '../connect.ts'
import type { Connection } from '../connection.ts'
import { typeOf } from '../fields.ts'
import type { Services } from '../handshake.ts'
import { fingerprint } from '../known-hosts.ts'
import { LoginRefused } from '../login.ts'
import type { Endpoint } from '../resolve.ts'
import { unreachable } from './failures.ts'
import type { SetupIdentity } from './identity.ts'
import { giveUp, type Machine } from './machine.ts'

/** What one attempt at a machine came to; `failed` is noted in the machine's progress. */
export type Attempt = 'in' | 'unknown host key' | 'failed' | LoginRefused

/** The endpoint with nothing but one key; where it is encrypted, the agent may have it opened. */
export function withKeyOnly(endpoint: Endpoint, identity: SetupIdentity): Endpoint {
  return {
    ...asked(endpoint),
    identityFiles: [identity.file],
    identitiesGiven: true,
    identitiesOnly: true,
    passphrase: identity.passphrase,
    password: undefined,
  }
}

/** The endpoint with nothing but a password. */
export function withPasswordOnly(endpoint: Endpoint, password: Secret): Endpoint {
  return { ...asked(endpoint), identityFiles: [], identitiesGiven: true, agentSocket: undefined, password }
}

/**
 * The endpoint with all that there is; host keys are for a person to judge, but where the operator's ssh configuration
 * takes any and keeps none.
 */
export function asked(endpoint: Endpoint): Endpoint {
  const { files, policy } = endpoint.knownHosts
  if (files.length === 0 && policy === 'accept-new') return endpoint
  return { ...endpoint, knownHosts: { ...endpoint.knownHosts, policy: 'strict' } }
}

/** Tries to log in and keeps the connection. Rejects only when cancelled. */
export async function attempt(
  machine: Machine,
  endpoint: Endpoint,
  services: Services,
  signal: AbortSignal,
): Promise<Attempt> {
  const { progress } = machine
  let connection: Connection
  try {
    const noting: Services = {
      ...services,
      onUnknownHostKey: (_endpoint, key) => {
        machine.unknownKey = key
        progress.fingerprint = `${typeOf(key)} ${fingerprint(key)}`
      },
    }
    connection = await connect(endpoint, noting, machine.via?.connection, signal)
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof HostError)) throw error
    if (error.kind === 'host key' && machine.unknownKey !== undefined) return 'unknown host key'
    if (error instanceof LoginRefused) {
      noteHostKey(machine, undefined)
      return error
    }
    const step = error.kind === 'host key' ? 'hostKey' : error.kind === 'login' ? 'login' : undefined
    giveUp(machine, step, await unreachable(machine, error))
    return 'failed'
  }
  noteHostKey(machine, connection.hostKey.fingerprint)
  await machine.connection?.close()
  machine.connection = connection
  return 'in'
}

// A login was tried, so the host key was right.
function noteHostKey({ progress }: Machine, shown: string | undefined): void {
  if (progress.hostKey === 'not tried') progress.hostKey = 'known'
  progress.fingerprint ??= shown
}
