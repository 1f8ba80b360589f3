import type { LookupAddress } from 'node:dns'
import { connect as connectTcp, type LookupFunction } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HostError } from '../core/errors.ts'
import { hostError, sshCommand } from './failure.ts'
import { type Names, NamesSilent } from './names.ts'
import type { Endpoint } from './resolve.ts'
import { word } from './word.ts'

// Node gives each of several addresses 250 ms by default, which is less than a satellite link needs.
const addressAttemptMs = 2_500

/**
 * The addresses of an endpoint, within its connect time-out from when the lookup begins. Rejects with HostError, or with
 * the signal's reason.
 */
export async function addressesOf(
  endpoint: Endpoint,
  names: Names,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  try {
    return await names.find(endpoint.host, endpoint.addressFamily, endpoint.connectTimeoutMs, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw dialError(endpoint, error)
  }
}

/**
 * A TCP connection to one of the addresses, without Nagle's delay, which cost 5 s in 60 commands. Rejects with the
 * signal's reason when it aborts.
 */
export function dial(endpoint: Endpoint, addresses: readonly LookupAddress[], signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const socket = connectTcp({
      host: endpoint.host,
      port: endpoint.port,
      lookup: found(addresses),
      noDelay: true,
      ...(endpoint.addressFamily !== undefined && { family: endpoint.addressFamily }),
      ...(endpoint.bindAddress !== undefined && { localAddress: endpoint.bindAddress }),
      autoSelectFamilyAttemptTimeout: addressAttemptMs,
    })
    const stop = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => stop(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', stop)
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', stop)
      resolve(socket)
    })
  })
}

// Gives Node the addresses that were looked up before; Node chooses among them.
function found(addresses: readonly LookupAddress[]): LookupFunction {
  const [first] = addresses
  return (_name, { all }, give) => {
    if (all === true) give(null, [...addresses])
    else give(null, first?.address ?? '', first?.family)
  }
}

/** The error for a TCP connection that could not be opened. */
export function dialError(endpoint: Endpoint, cause: unknown): HostError {
  const { host, port } = endpoint
  const code = errorCode(cause)
  const reach = `nc -vz ${word(host)} ${port}`
  const from = endpoint.via === undefined ? '' : ` from ${endpoint.via.name}`
  const fail = (problem: string, next: string, actual?: string): HostError =>
    hostError(
      endpoint,
      'unreachable',
      {
        problem,
        ...(actual !== undefined && { actual }),
        next: endpoint.hasProxyCommand
          ? `the ssh configuration has a ProxyCommand for it, which evcctl does not run: set ssh.proxyJump in cluster.yaml`
          : next,
      },
      cause,
    )
  if (cause instanceof NamesSilent || code === 'EAI_AGAIN')
    return fail(
      `its name could not be looked up: the name servers ${code === 'EAI_AGAIN' ? 'do not answer, or fail' : 'do not answer'}`,
      `getent hosts ${word(host)}   (/etc/resolv.conf names the servers)`,
      cause instanceof Error ? `${host}: ${cause.message}` : undefined,
    )
  switch (code) {
    case 'ECONNREFUSED':
      return fail(`nothing listens on port ${port}${from} (connection refused)`, `Is sshd running there? ${reach}`)
    case 'ENOTFOUND':
    case 'EAI_NODATA':
      return fail(`the name ${host} is not found in DNS`, `getent hosts ${word(host)}`)
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return fail(
        `there is no route to ${host}${from}`,
        `Is it up, and is this its address? ip route get ${word(host)}`,
      )
    case 'ETIMEDOUT':
      return fail(`no answer${from}`, `Is it up, and port ${port} open in the firewalls on the way? ${reach}`)
    default:
      return fail(
        `no connection${from}: ${cause instanceof Error ? cause.message : String(cause)}`,
        `${sshCommand(endpoint, ' -v')} true`,
      )
  }
}

// With several addresses, Node gives one error for all of them.
function errorCode(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0])
  if (!(error instanceof Error)) return undefined
  if (/channel open failure/i.test(error.message)) return forwardCode(error.message)
  return 'code' in error ? error.code : undefined
}

// The reasons that the sshd of a jump host gives when it cannot connect to the target.
function forwardCode(message: string): string | undefined {
  if (/refused/i.test(message)) return 'ECONNREFUSED'
  if (/timed out/i.test(message)) return 'ETIMEDOUT'
  if (/no route|unreachable/i.test(message)) return 'EHOSTUNREACH'
  if (/name or service|resolve|not known/i.test(message)) return 'ENOTFOUND'
  return undefined
}
