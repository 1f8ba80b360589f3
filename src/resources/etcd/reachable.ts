import type { ErrorDetails } from '../../core/error-details.ts'
import { longProbeMs } from '../../core/limits.ts'
import type { Change, Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { linesOf, refuse } from '../support/index.ts'

/** The result of a TLS handshake with an endpoint: curl's exit code and message. */
export interface EndpointAnswer {
  readonly endpoint: string
  readonly code: number
  readonly said: string
}

export interface EtcdReachableState {
  /** Empty where the host has no curl yet. */
  readonly answers: readonly EndpointAnswer[]
}

/**
 * An etcd that exists already, as a control plane node reaches it, before anything is written: more than half of its
 * endpoints answer with a certificate of the given CA. The check shows no client certificate; etcd then refuses the
 * connection, but only after it has shown its own certificate, so a refusal counts as an answer.
 */
export function etcdReachable(
  endpoints: readonly string[],
  ca: string,
): Resource<EtcdReachableState, { readonly endpoints: readonly string[] }> {
  return {
    kind: 'etcd',
    name: 'endpoints',
    probe: {
      script: `command -v curl >/dev/null || exit 0
${endpoints.map(endpoint => askScript(endpoint, ca)).join('')}`,
      timeoutMs: longProbeMs,
      parse: raw => ({ answers: linesOf(raw, 'answer').map(parseAnswer) }),
    },
    desired: { endpoints },
    diff({ answers }): Change | undefined {
      const strange = answers.find(({ code }) => wrongCertificate.has(code))
      if (strange !== undefined) return refuse(wrongCa(strange))
      const silent = answers.filter(({ code }) => noConnection.has(code))
      const needed = Math.floor(endpoints.length / 2) + 1
      if (answers.length === 0 || endpoints.length - silent.length >= needed) return undefined
      return refuse(dead(silent, endpoints.length, needed))
    },
    converge: () => [{ run: 'echo "an etcd of somebody else is not started by evcctl" >&2\nexit 1\n' }],
  }
}

// curl(1), exit codes: resolve, connect, time-out; and problems with the server's certificate.
const noConnection = new Set([6, 7, 28])
const wrongCertificate = new Set([51, 60, 83, 90])

function askScript(endpoint: string, ca: string): string {
  // No here-document: bash creates a temporary file for one, and a probe writes nothing.
  return `said=$(printf '%s\\n' ${quote(ca.trim())} |
  curl -q --silent --show-error --max-time 5 --output /dev/null --cacert /dev/stdin ${quote(`${endpoint}/health`)} 2>&1) && code=0 || code=$?
printf 'answer=%s %s %s\\n' ${quote(endpoint)} "$code" "$(printf '%s' "$said" | tr '\\n' ' ' | cut -c 1-300)"
`
}

function parseAnswer(line: string): EndpointAnswer {
  const [endpoint = '', code = '', ...said] = line.split(' ')
  // curl's advice is for people who called curl themselves.
  return { endpoint, code: Number(code), said: said.join(' ').split('More details here')[0]!.trim() }
}

function wrongCa({ endpoint, said }: EndpointAnswer): ErrorDetails {
  return {
    problem: `${endpoint} answers, but not with a certificate of the CA in spec.etcd.certificates.ca.`,
    expected: 'a certificate that this CA signed for this name or address, and that has not expired',
    actual: said,
    next: 'Check that the CA and the endpoint belong to the same etcd.',
  }
}

function dead(silent: readonly EndpointAnswer[], size: number, needed: number): ErrorDetails {
  return {
    problem: 'The external etcd does not answer.',
    expected: `at least ${needed} of ${size} endpoints`,
    actual: silent.map(({ endpoint, said }) => `${endpoint}: ${said}`).join('\n'),
    next: 'Start it, or correct spec.etcd.endpoints; check that no firewall is in between.',
  }
}
