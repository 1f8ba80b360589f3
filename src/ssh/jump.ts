import { isIPv6 } from 'node:net'

/** One machine of a ProxyJump. */
export interface Hop {
  /** As it was written. */
  readonly text: string
  readonly user: string | undefined
  readonly host: string
  readonly port: number | undefined
}

/**
 * Takes a ProxyJump apart: `[user@]host[:port]` or `ssh://[user@]host[:port]`, with commas between them; an IPv6 address
 * with a port is in brackets, as in `[2001:db8::1]:22`. Undefined when it cannot be read.
 */
export function splitJumps(text: string): readonly Hop[] | undefined {
  const hops = text.split(',').map(part => readHop(part.trim()))
  return hops.every(hop => hop !== undefined) ? hops : undefined
}

function readHop(text: string): Hop | undefined {
  // A user name may have an @ of its own: the last one counts. What begins with a dash would be an option for ssh.
  const [, user, bracketed, plain, port] =
    /^(?:ssh:\/\/)?(?:([^\s,]+)@)?(?:\[([^\s\][@/]+)\]|([^\s@:[\]/-][^\s@:[\]/]*))(?::(\d{1,5}))?\/?$/i.exec(text) ?? []
  const host = bracketed ?? plain ?? (isIPv6(text) ? text : undefined)
  if (host === undefined || host.startsWith('-') || user?.startsWith('-')) return undefined
  const number = port === undefined ? undefined : Number(port)
  if (number !== undefined && (number < 1 || number > 65_535)) return undefined
  return { text, user, host, port: number }
}
