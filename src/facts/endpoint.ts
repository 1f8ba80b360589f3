import { isIP } from 'node:net'
import type { FactModule } from '../core/facts.ts'
import { longProbeMs } from '../core/limits.ts'
import { quote } from '../shell/quote.ts'
import { expectAtMost, mostNameservers } from './checks.ts'

/** What a host finds at the API endpoint, which is that of an external load balancer. */
export interface EndpointFacts {
  /** The addresses that the endpoint's name has on that host; empty when it has none. */
  readonly addresses: readonly string[]
  /** The result of a TCP connection; `not tried` where the host has no bash or no timeout(1). */
  readonly connection: 'accepted' | 'refused' | 'timed out' | 'failed' | 'not tried'
  /** The error of the operating system when the connection was not accepted; may be empty. */
  readonly said: string
  /** Whether the host tried a TLS handshake, for which it needs openssl. */
  readonly asked: boolean
  /** The certificate that the endpoint presented, PEM. */
  readonly certificate?: string
  /** The CA certificate of the cluster's API servers, if the host has it, PEM. */
  readonly clusterCa?: string
}

/** How long the host waits for the connection, and then again for the answer, in s. */
const patience = 5

/**
 * Facts about `host:port`, found with programs that every Debian has: the addresses of the name, whether a TCP connection
 * is accepted, and which certificate the server presents. `ca`: path of the CA certificate of the cluster's API servers. The
 * script writes nothing.
 */
export function endpointFacts(address: string, ca: string): FactModule<{ readonly endpoint: EndpointFacts }> {
  const colon = address.lastIndexOf(':')
  const name = address.slice(0, colon).replace(/^\[|\]$/g, '')
  const serverName = isIP(name) === 0 ? ` -servername ${quote(name)}` : ''
  // --norc: where stdin is a socket, bash assumes a remote login and would read ~/.bashrc.
  return {
    script: `at endpoint
(
export LC_ALL=C
getent ahosts ${quote(name)} 2>/dev/null | cut -d ' ' -f 1 | sort -u | sed 's/^/address=/'
code=
if command -v bash >/dev/null && command -v timeout >/dev/null; then
  said=$(timeout ${patience} bash --norc -c 'exec 3<>"/dev/tcp/$0/$1"' ${quote(name)} ${quote(address.slice(colon + 1))} 2>&1) && code=0 || code=$?
  echo "code=$code"
  printf 'said=%s\\n' "$(printf '%s' "$said" | head -n 1)"
fi
if [ "$code" = 0 ] && command -v openssl >/dev/null; then
  printf 'certificate=%s\\n' "$(printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' |
    timeout ${patience} openssl s_client -connect ${quote(address)}${serverName} -ign_eof 2>/dev/null |
    sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p' | base64 | tr -d '\\n')"
fi
if [ -f ${ca} ]; then printf 'ca='; base64 -w 0 <${ca}; echo; fi

)
`,
    longSections: ['endpoint'],
    timeoutMs: longProbeMs,
    parse(sections) {
      const endpoint = parseEndpoint(sections('endpoint'))
      expectAtMost(endpoint.addresses, mostNameservers, 'addresses of the API endpoint')
      return { endpoint }
    },
  }
}

function parseEndpoint(lines: readonly string[]): EndpointFacts {
  const allOf = (key: string) =>
    lines.filter(line => line.startsWith(`${key}=`)).map(line => line.slice(key.length + 1))
  const one = (key: string): string => allOf(key)[0] ?? ''
  const file = (key: string): string => Buffer.from(one(key), 'base64').toString('utf8')
  const [certificate, clusterCa] = [file('certificate'), file('ca')]
  return {
    addresses: allOf('address'),
    connection: connectionOf(one('code'), one('said')),
    said: one('said').replace(/^.*: /, ''),
    asked: allOf('certificate').length > 0,
    ...(certificate === '' ? {} : { certificate }),
    ...(clusterCa === '' ? {} : { clusterCa }),
  }
}

// bash prints the text of the operating system (strerror(3)); timeout(1) ends with code 124.
function connectionOf(code: string, said: string): EndpointFacts['connection'] {
  if (code === '') return 'not tried'
  if (code === '0') return 'accepted'
  if (code === '124') return 'timed out'
  return said.endsWith('Connection refused') ? 'refused' : 'failed'
}
