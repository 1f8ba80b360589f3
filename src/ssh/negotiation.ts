import type { HostError } from '../core/errors.ts'
import { type NegotiatedList, type Offer, offered } from './algorithms.ts'
import { hostError, sshCommand } from './failure.ts'
import type { Endpoint } from './resolve.ts'
import type { ServerOffer } from './server-offer.ts'

const names: Readonly<Record<NegotiatedList, { readonly what: string; readonly keyword: string }>> = {
  kexalgorithms: { what: 'key exchange', keyword: 'KexAlgorithms' },
  hostkeyalgorithms: { what: 'host key', keyword: 'HostKeyAlgorithms' },
  ciphers: { what: 'cipher', keyword: 'Ciphers' },
  macs: { what: 'MAC', keyword: 'MACs' },
}
// What stands among the key exchanges and is none (RFC 8308, and OpenSSH's strict key exchange).
const notes = /^(ext-info-|kex-strict-)/
const lists = Object.keys(names) as readonly NegotiatedList[]

/** The error where ~/.ssh/config allows only algorithms that evcctl does not have; undefined where there is no such list. */
export function nothingToOffer(endpoint: Endpoint, offer: Offer): HostError | undefined {
  const list = lists.find(name => offer[name].length === 0)
  if (list === undefined) return undefined
  const { what, keyword } = names[list]
  return hostError(endpoint, 'unreachable', {
    problem: `the ssh configuration allows it no ${what} algorithm that evcctl supports`,
    expected: `one of ${[...offered[list].usual, ...offered[list].onRequest].join(', ')}`,
    actual: `${keyword} ${endpoint.algorithms[list]}`,
    next: `Add one of them to ${keyword} of this host in ~/.ssh/config`,
  })
}

/** Why the two sides did not come to an encrypted connection: no common algorithm, no SSH server, or something else. */
export function noSsh(endpoint: Endpoint, offer: Offer, server: ServerOffer, cause: Error): HostError {
  const fail = (problem: string, expected: string, actual: string, next: string): HostError =>
    hostError(endpoint, 'unreachable', { problem, expected, actual, next }, cause)
  if (server.software === undefined)
    return fail(
      `what listens on port ${endpoint.port} does not speak SSH 2`,
      'SSH-2.0- and the name of a server',
      server.greeting === '' ? cause.message : server.greeting,
      `Is ${endpoint.port} the port of its sshd? Set ssh.port in cluster.yaml if not`,
    )
  const missing = lists.find(
    name => server[name] !== undefined && !server[name].some(algorithm => offer[name].includes(algorithm)),
  )
  if (missing !== undefined) {
    const { what, keyword } = names[missing]
    const [best = ''] = offer[missing]
    return fail(
      `it and evcctl have no ${what} algorithm in common`,
      `one of what evcctl can: ${offer[missing].join(', ')}`,
      `${server.software} offers: ${server[missing]?.filter(name => !notes.test(name)).join(', ')}`,
      `Add one to ${keyword} of its /etc/ssh/sshd_config and reload sshd, e.g.: ${keyword} +${best}`,
    )
  }
  return fail(
    'the SSH handshake with it failed',
    'an encrypted connection',
    `${server.software}: ${cause.message}`,
    `${sshCommand(endpoint, ' -v')} true`,
  )
}
