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

/** The result of one login attempt. After `failed`, the error is in the machine's progress. */
export type Attempt = 'in' | 'unknown host key' | 'failed' | LoginRefused

/** The endpoint with only one key to log in with. If its file is encrypted, the agent may hold the key. */
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

/** The endpoint with only a password to log in with. */
export function withPasswordOnly(endpoint: Endpoint, password: Secret): Endpoint {
  return { ...asked(endpoint), identityFiles: [], identitiesGiven: true, agentSocket: undefined, password }
}

/**
 * The endpoint with everything there is to log in with. Its policy is strict, so that a person decides about unknown host
 * keys, unless the user's ssh configuration accepts any key and records none.
 */
export function asked(endpoint: Endpoint): Endpoint {
  const { files, policy } = endpoint.knownHosts
  if (files.length === 0 && policy === 'accept-new') return endpoint
  return { ...endpoint, knownHosts: { ...endpoint.knownHosts, policy: 'strict' } }
}

/** Tries to log in, and keeps the connection on success. Rejects only when cancelled. */
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

// A login was tried, so the host key was accepted.
function noteHostKey({ progress }: Machine, shown: string | undefined): void {
  if (progress.hostKey === 'not tried') progress.hostKey = 'known'
  progress.fingerprint ??= shown
}
