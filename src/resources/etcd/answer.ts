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
  /** Whether one of the endpoints lets the host read with its files. */
  readonly answers: boolean
  /** Why not. */
  readonly why: string
}

/**
 * An external etcd lets a control plane node in with the files that the node has. An API server reads them at every
 * connection: those that etcd does not know would end the work of all API servers, so the next node gets them when this one
 * has been answered.
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
    problem: 'etcd does not let this host in with the certificate that it has for it. Other hosts keep what they have.',
    expected: 'an answer of at least one endpoint of etcd',
    actual,
    next: 'Correct the certificates of cluster.yaml, or let the host reach etcd; then apply again. An API server that runs keeps its connections for a while.',
  }
}
