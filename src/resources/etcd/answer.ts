import type { ErrorDetails } from '../../core/error-details.ts'
import { longProbeMs } from '../../core/limits.ts'
import type { ProbeResult, Resource } from '../../core/resource.ts'
import { quoteAll } from '../../shell/quote.ts'
import { linesOf } from '../support/index.ts'
import { askEtcd, type EtcdClientFiles } from './question.ts'

export interface EtcdAnswerParameters extends EtcdClientFiles {
  /** Client URLs. */
  readonly endpoints: readonly string[]
}

export interface EtcdAnswerState {
  /** Whether one of the endpoints lets the host read with its certificate. */
  readonly answers: boolean
  /** The reason why none does. */
  readonly why: string
}

/**
 * An external etcd accepts the certificate that the control plane node has for it. API servers read their certificate at
 * every connection: one that etcd does not accept would stop all API servers. So the next node gets its certificate only
 * once etcd has answered this one.
 */
export function etcdAnswer(
  parameters: EtcdAnswerParameters,
): Resource<EtcdAnswerState, { readonly endpoints: readonly string[] }> {
  const { endpoints, ...files } = parameters
  const script = `${askEtcd(files)}for endpoint in ${quoteAll(endpoints)}; do
  ask answer "$endpoint"
  if [ "$silence" = 0 ]; then break; fi
done
`
  return {
    kind: 'etcd',
    name: 'answer',
    title: 'an answer of etcd',
    probe: { script, timeoutMs: longProbeMs, parse: parseAnswer },
    desired: { endpoints },
    diff({ answers, why }, _desired, { watched }) {
      if (answers && watched.length === 0) return undefined
      if (answers) return { action: 'run', fields: [{ field: 'answer', after: 'again' }], because: watched }
      return { action: 'run', fields: [{ field: 'answer', before: `none: ${why}`, after: 'as it should be' }] }
    },
    converge: () => [
      {
        until: { script: `${script}exit "$silence"\n`, parse: ({ exitCode }) => exitCode === 0 },
        what: 'an answer of etcd',
        everyMs: 2_000,
        timeoutMs: 60_000,
      },
    ],
    explain: ({ stdout }) => noAnswer(stdout.trim()),
  }
}

function parseAnswer(raw: ProbeResult): EtcdAnswerState {
  const answers = linesOf(raw, 'answer').some(line => line.includes('"cluster_id":'))
  const why = linesOf(raw, 'unasked')[0] ?? linesOf(raw, 'silent')[0] ?? 'it is not what etcd says'
  return { answers, why: answers ? '' : why }
}

function noAnswer(actual: string): ErrorDetails {
  return {
    problem: 'etcd does not accept the client certificate of this host. Other hosts keep their certificates.',
    expected: 'an answer of at least one endpoint of etcd',
    actual,
    next: 'Correct the certificates in cluster.yaml, or let the host reach etcd; then apply again. An API server that runs keeps its connections for a while.',
  }
}
