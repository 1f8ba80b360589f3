import { isIP } from 'node:net'
import type { FactModule, Sections } from '../core/facts.ts'
import { expectAtMost, expectThat, isText } from './checks.ts'
import { compressIPv6, fromHex, reverseBytes } from './proc-net.ts'

const mostSockets = 100_000

export interface ListeningFacts {
  /** Listening TCP sockets. `process` is empty when the host could not tell it. */
  readonly listening: readonly { readonly port: number; readonly address: string; readonly process: string }[]
}

export const listeningFacts: FactModule<ListeningFacts> = {
  script: `at listening; ss -ltnp 2>/dev/null
at tcp; command -v ss >/dev/null 2>&1 || cat /proc/net/tcp /proc/net/tcp6 2>/dev/null
`,
  parse(sections) {
    const listening = parseListening(sections)
    expectAtMost(listening, mostSockets, 'listening sockets')
    for (const { port, address, process } of listening) {
      expectThat(isIP(address) !== 0, 'an address that it listens on', address)
      expectThat(Number.isInteger(port) && port > 0 && port < 65_536, 'a port that it listens on', String(port))
      expectThat(isText(process), 'a process that listens', process)
    }
    return { listening }
  },
}

// Reads the sockets from `ss -ltnp`, or from /proc/net/tcp and tcp6 where there is no `ss`.
function parseListening(sections: Sections): ListeningFacts['listening'] {
  const lines = sections('listening').filter(line => line.startsWith('LISTEN'))
  if (lines.length === 0) return sections('tcp').flatMap(parseSocket)
  return lines.flatMap(line => {
    const local = line.split(/\s+/)[3] ?? ''
    const [, address, port] = /^(.*):(\d+)$/.exec(local) ?? []
    if (address === undefined || port === undefined) return []
    const bare = address.replace(/%[^\]]*/, '').replace(/^\[(.*)\]$/, '$1')
    return [{ port: Number(port), address: bare === '*' ? '::' : bare, process: /\(\("([^"]*)"/.exec(line)?.[1] ?? '' }]
  })
}

// Columns of /proc/net/tcp: slot, local address:port, remote address:port, state (0A = listening).
function parseSocket(line: string): ListeningFacts['listening'] {
  const [, local = '', , state] = line.trim().split(/\s+/)
  const [hex = '', port = ''] = local.split(':')
  if (state !== '0A' || !/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/i.test(hex) || !/^[0-9A-F]{1,4}$/i.test(port)) return []
  const address = hex.length === 8 ? fromHex(hex) : compressIPv6((hex.match(/.{8}/g) ?? []).map(reverseBytes).join(''))
  return [{ port: Number.parseInt(port, 16), address, process: '' }]
}
