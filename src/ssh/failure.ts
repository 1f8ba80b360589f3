import type { ErrorDetails } from '../core/error-details.ts'
import { HostError, type HostErrorKind } from '../core/errors.ts'
import { quoted } from '../core/limits.ts'
import { shortPath } from './home.ts'
import type { Endpoint } from './resolve.ts'
import { word } from './word.ts'

/**
 * A HostError of an endpoint: a jump host's error counts for the host that is reached through it. What the other side
 * said may be of any length, so each part is cut.
 */
export function hostError(
  endpoint: Endpoint,
  kind: HostErrorKind,
  details: Omit<ErrorDetails, 'where'>,
  cause?: unknown,
): HostError {
  const { problem, actual, ...rest } = details
  const next = [details.next, leftOut(endpoint, kind)].filter(text => text !== undefined).join('\n')
  const short = { ...rest, problem: quoted(problem), ...(actual !== undefined && { actual: quoted(actual) }) }
  return new HostError(
    endpoint.target,
    kind,
    { where: endpoint.where, ...short, ...(next !== '' && { next }) },
    { cause },
  )
}

// What ssh would have done and evcctl does not may be the reason why it does not get in.
function leftOut({ notFollowed }: Endpoint, kind: HostErrorKind): string | undefined {
  const mayBeWhy = kind === 'unreachable' || kind === 'host key' || kind === 'login'
  if (!mayBeWhy || notFollowed.length === 0) return undefined
  return `Of the ssh configuration evcctl does not follow: ${notFollowed.join(', ')}`
}

/** `ssh -p 2222 ubuntu@192.0.2.21`, with the keys that were named for it and the jump hosts that lead there. */
export function sshCommand(endpoint: Endpoint, options = ''): string {
  const hops: string[] = []
  for (let hop = endpoint.via; hop !== undefined; hop = hop.via)
    hops.unshift(
      `${hop.user}@${hop.host.includes(':') ? `[${hop.host}]` : hop.host}${hop.port === 22 ? '' : `:${hop.port}`}`,
    )
  const jump = hops.length > 0 ? ` -J ${word(hops.join(','))}` : ''
  const port = endpoint.port === 22 ? '' : ` -p ${endpoint.port}`
  const keys = endpoint.identitiesGiven ? endpoint.identityFiles.map(file => ` -i ${word(shortPath(file))}`) : []
  return `ssh${options}${keys.join('')}${jump}${port} ${word(`${endpoint.user}@${endpoint.host}`)}`
}

/** The run was stopped; `problem` says what became of what was under way. */
export function cancelledError(endpoint: Endpoint, problem: string, cause?: unknown): HostError {
  return hostError(endpoint, 'cancelled', { problem, next: 'The next run goes on from where this one stopped.' }, cause)
}

/** What became of something that was to be ended; `unknown` is why that is not known. */
export function endText(what: string, unknown: string | undefined): string {
  return unknown === undefined ? `${what} was ended` : `${what} may go on (${unknown})`
}

/** No channel was opened: the connection is gone, or the server refuses. */
export function notOpenedError(endpoint: Endpoint, reason: string, cause: unknown): HostError {
  return hostError(
    endpoint,
    'lost',
    {
      problem: 'no command could be started over the connection; nothing was sent',
      expected: 'a channel (MaxSessions of its sshd is 10 by default)',
      actual: reason,
      next: 'Run the same command again.',
    },
    cause,
  )
}

/** A command was sent that travels with the request to run it, and nothing came back. */
export function unansweredError(endpoint: Endpoint, reason: string, cause: unknown): HostError {
  return hostError(
    endpoint,
    'lost',
    {
      problem: 'it is unknown whether the command ran: it was sent, and not answered. It is not sent again',
      expected: 'an answer to the request to run it',
      actual: reason,
      next: `Look on the host whether it ran, before it is run again: ${sshCommand(endpoint)}`,
    },
    cause,
  )
}
