import type { ErrorDetails } from '../core/error-details.ts'
import { HostError, type HostErrorKind } from '../core/errors.ts'
import { quoted } from '../core/limits.ts'
import { shortPath } from './home.ts'
import type { Endpoint } from './resolve.ts'
import { word } from './word.ts'

/**
 * Makes a HostError for an endpoint. An error of a jump host counts for the host that is reached through it. Each part is
 * cut, because text from the other side may have any length.
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

// A setting that ssh follows and evcctl ignores may be the reason why the login fails.
function leftOut({ notFollowed }: Endpoint, kind: HostErrorKind): string | undefined {
  const mayBeWhy = kind === 'unreachable' || kind === 'host key' || kind === 'login'
  if (!mayBeWhy || notFollowed.length === 0) return undefined
  return `Of the ssh configuration evcctl does not follow: ${notFollowed.join(', ')}`
}

/** The ssh command for an endpoint with its configured keys and jump hosts, e.g. `ssh -p 2222 ubuntu@192.0.2.21`. */
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

/** The error for a run that the user stopped; `problem` says what happened to the work in progress. */
export function cancelledError(endpoint: Endpoint, problem: string, cause?: unknown): HostError {
  return hostError(endpoint, 'cancelled', { problem, next: 'The next run goes on from where this one stopped.' }, cause)
}

/** Says whether something was ended; `unknown` is the reason when that is not known. */
export function endText(what: string, unknown: string | undefined): string {
  return unknown === undefined ? `${what} was ended` : `${what} may go on (${unknown})`
}

/** The error for a channel that was not opened: the connection is gone, or the server refuses. */
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

/** The error for a command that was sent together with the request to run it, and got no answer. */
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
