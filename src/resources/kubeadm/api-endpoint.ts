import { isIP } from 'node:net'
import type { EndpointFacts } from '../../core/host.ts'
import { longProbeMs } from '../../core/limits.ts'
import type { Probe, ProbeResult } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { decodeFile, linesOf, printFile } from '../support/index.ts'

/** How long the endpoint may take to accept a connection, and then to answer, s. */
const patience = 5

/**
 * What a host finds at `host:port`, with what every Debian has: what the name means there, whether a TCP connection is
 * taken, and with which certificate TLS is answered. It writes nothing.
 */
export function endpointProbe(endpoint: string): Probe<EndpointFacts> {
  const colon = endpoint.lastIndexOf(':')
  const name = endpoint.slice(0, colon).replace(/^\[|\]$/g, '')
  const serverName = isIP(name) === 0 ? ` -servername ${quote(name)}` : ''
  // --norc: bash takes a stdin that is a socket for a remote login and would read ~/.bashrc.
  return {
    script: `export LC_ALL=C
getent ahosts ${quote(name)} 2>/dev/null | cut -d ' ' -f 1 | sort -u | sed 's/^/address=/'
code=
if command -v bash >/dev/null && command -v timeout >/dev/null; then
  said=$(timeout ${patience} bash --norc -c 'exec 3<>"/dev/tcp/$0/$1"' ${quote(name)} ${quote(endpoint.slice(colon + 1))} 2>&1) && code=0 || code=$?
  echo "code=$code"
  printf 'said=%s\\n' "$(printf '%s' "$said" | head -n 1)"
fi
if [ "$code" = 0 ] && command -v openssl >/dev/null; then
  printf 'certificate=%s\\n' "$(printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' |
    timeout ${patience} openssl s_client -connect ${quote(endpoint)}${serverName} -ign_eof 2>/dev/null |
    sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p' | base64 | tr -d '\\n')"
fi
${printFile('ca', '/etc/kubernetes/pki/ca.crt')}`,
    timeoutMs: longProbeMs,
    parse: parseEndpoint,
  }
}

function parseEndpoint(raw: ProbeResult): EndpointFacts {
  const one = (name: string): string => linesOf(raw, name)[0] ?? ''
  const [certificate, clusterCa] = [decodeFile(one('certificate')), decodeFile(one('ca'))]
  return {
    addresses: linesOf(raw, 'address'),
    connection: connectionOf(one('code'), one('said')),
    said: one('said').replace(/^.*: /, ''),
    asked: linesOf(raw, 'certificate').length > 0,
    ...(certificate === '' ? {} : { certificate }),
    ...(clusterCa === '' ? {} : { clusterCa }),
  }
}

// bash says the system's own text (strerror(3)); timeout(1) ends with 124.
function connectionOf(code: string, said: string): EndpointFacts['connection'] {
  if (code === '') return 'not tried'
  if (code === '0') return 'accepted'
  if (code === '124') return 'timed out'
  return said.endsWith('Connection refused') ? 'refused' : 'failed'
}
