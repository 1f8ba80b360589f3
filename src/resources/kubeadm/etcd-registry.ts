import { beginningOf } from '../../core/cut.ts'
import type { ErrorDetails } from '../../core/error-details.ts'
import { longProbeMs } from '../../core/limits.ts'
import type { Change, ProbeResult, Resource } from '../../core/resource.ts'
import { quote, quoteAll } from '../../shell/quote.ts'
import { askEtcd, type EtcdClientFiles } from '../etcd/index.ts'
import { linesOf, refuse } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { initWrote, readMarks } from './marks.ts'
import { printEtcdServers } from './static-pods.ts'

export interface EtcdRegistryParameters extends EtcdClientFiles {
  /** Client URLs. */
  readonly endpoints: readonly string[]
  /** Whether somebody else runs this etcd: then new endpoints of a running cluster have to belong to the etcd that it uses. */
  readonly foreign: boolean
}

/** The answer of a member. */
export interface EtcdRegistryAnswer {
  readonly endpoint: string
  /** ID of the etcd cluster, decimal. */
  readonly cluster: string
  /** Whether there is a key below /registry/. */
  readonly holds: boolean
}

export interface EtcdRegistryState {
  /** Whether kubeadm init is complete on this host. */
  readonly standing: boolean
  /** The endpoints to which the API server of this host's own interrupted init may have written. */
  readonly begun: readonly string[]
  /** Answers of the desired endpoints; none as long as the host has no client certificate. */
  readonly wanted: readonly EtcdRegistryAnswer[]
  /** Answers of the endpoints that the API server uses now and that are not desired. */
  readonly used: readonly EtcdRegistryAnswer[]
  /** The endpoints that the API server uses now; only read for an etcd that somebody else runs. */
  readonly uses: readonly string[]
  /** The desired endpoints that did not answer as etcd does, and why. */
  readonly silent: readonly string[]
  /** Why the host could not ask at all, as long as something is missing that apply installs. */
  readonly unasked: string | undefined
}

/**
 * The content of an external etcd, as the first control plane node sees it. Before kubeadm init etcd has to be empty, since
 * kubeadm would silently take over the objects of another cluster; later it has to hold this cluster's objects. No answer
 * never counts as an empty etcd: if etcd cannot be asked yet, apply asks it before kubeadm init, which waits for that.
 */
export function etcdRegistry(
  parameters: EtcdRegistryParameters,
): Resource<EtcdRegistryState, { readonly endpoints: readonly string[] }> {
  const { endpoints } = parameters
  return {
    kind: 'etcd',
    name: 'registry',
    title: "the cluster's objects in etcd",
    probe: { script: probeScript(parameters), timeoutMs: longProbeMs, parse: parseRegistry },
    desired: { endpoints },
    diff(current): Change | undefined {
      const refused = current.standing ? strange(current) : taken(current, endpoints)
      if (refused !== undefined) return refuse(refused)
      if (!matters(current, endpoints) || current.wanted.length > 0) return undefined
      if (parameters.foreign && current.unasked === undefined) {
        return refuse(unknown(current.silent.join('\n')))
      }
      return { action: 'run', fields: [], note: 'it is asked whether it is empty, before kubeadm writes to it' }
    },
    converge: () => [
      {
        until: { script: `${probeScript(parameters)}exit "$silence"\n`, parse: ({ exitCode }) => exitCode === 0 },
        what: 'an answer of etcd',
        everyMs: 2_000,
        timeoutMs: 60_000,
      },
    ],
    explain: ({ stdout }) => unknown(stdout.trim()),
  }
}

// Whether the answer matters: before kubeadm init, or when the desired endpoints differ from those in use.
function matters({ standing, uses }: EtcdRegistryState, endpoints: readonly string[]): boolean {
  return !standing || (uses.length > 0 && endpoints.some(endpoint => !uses.includes(endpoint)))
}

function probeScript({ endpoints, foreign, ...files }: EtcdRegistryParameters): string {
  // Members that evcctl runs itself are known by their membership.
  const whenStanding = foreign ? `used=$(${printEtcdServers})` : 'exit 0'
  return `used=
sed 's/^/begun=/' ${initWrote} 2>/dev/null || :
${readMarks}if [ "$run" = init ]; then ${printEtcdServers} | sed 's/^/begun=/'
elif [ -n "$cut_off" ]; then :
elif [ -s ${kubeadmApi.adminConf} ]; then
  echo standing=yes
  ${whenStanding}
fi
for endpoint in $used; do printf 'uses=%s\\n' "$endpoint"; done
${askEtcd(files)}for endpoint in ${quoteAll(endpoints)}; do ask wanted "$endpoint"; done
for endpoint in $used; do
  case ${quote(` ${endpoints.join(' ')} `)} in *" $endpoint "*) ;; *) ask used "$endpoint" ;; esac
done
`
}

function parseRegistry(raw: ProbeResult): EtcdRegistryState {
  const answers = (key: string) => linesOf(raw, key).flatMap(line => parseAnswer(line) ?? [])
  const strangers = linesOf(raw, 'wanted').filter(line => parseAnswer(line) === undefined)
  return {
    standing: linesOf(raw, 'standing').length > 0,
    begun: linesOf(raw, 'begun'),
    wanted: answers('wanted'),
    used: answers('used'),
    uses: linesOf(raw, 'uses'),
    silent: [...linesOf(raw, 'silent'), ...strangers.map(line => `${beginningOf(line, 200)} (not an answer of etcd)`)],
    unasked: linesOf(raw, 'unasked')[0],
  }
}

// Undefined for anything that is no answer of etcd: a proxy or another server may send anything with a good status.
function parseAnswer(line: string): EtcdRegistryAnswer | undefined {
  const at = line.indexOf(' ')
  try {
    const answer = JSON.parse(line.slice(at + 1)) as {
      readonly header?: { readonly cluster_id?: unknown }
      readonly kvs?: unknown
    }
    const cluster = answer.header?.cluster_id
    if (typeof cluster !== 'string' || !/^\d{1,20}$/.test(cluster)) return undefined
    const holds = Array.isArray(answer.kvs) ? answer.kvs.length > 0 : answer.kvs !== undefined
    return { endpoint: line.slice(0, at), cluster, holds }
  } catch {
    return undefined
  }
}

function clustersOf(answers: readonly EtcdRegistryAnswer[]): string {
  return answers.map(({ endpoint, cluster }) => `${endpoint}: cluster ${BigInt(cluster).toString(16)}`).join('\n')
}

function severalClusters(answers: readonly EtcdRegistryAnswer[], problem: string): ErrorDetails | undefined {
  if (new Set(answers.map(({ cluster }) => cluster)).size <= 1) return undefined
  const next = 'Give only endpoints of one etcd in spec.etcd.endpoints.'
  return { problem, expected: 'one ID of an etcd cluster', actual: clustersOf(answers), next }
}

function unknown(actual: string): ErrorDetails {
  return {
    problem: 'evcctl cannot read what this etcd holds: it may hold the objects of another cluster.',
    expected: 'an answer of at least one of spec.etcd.endpoints',
    actual,
    next: 'Let the host reach etcd, without a proxy in between and with a certificate that etcd accepts; curl has to be installed.',
  }
}

function taken({ begun, wanted }: EtcdRegistryState, endpoints: readonly string[]): ErrorDetails | undefined {
  const several = severalClusters(wanted, 'The endpoints belong to more than one etcd.')
  if (several !== undefined) return several
  const holder = wanted.find(({ holds }) => holds)
  // The objects that an interrupted init of this host left in etcd are its own.
  if (holder === undefined || begun.some(endpoint => endpoints.includes(endpoint))) return undefined
  return {
    problem:
      'This etcd already holds the objects of a Kubernetes cluster that evcctl did not create from this cluster.yaml: kubeadm init would take them over.',
    expected: 'no key below /registry/, as long as this cluster does not exist',
    actual: `keys below /registry/ at ${holder.endpoint}`,
    next: 'Check that it is the right etcd. If the other cluster is still in use, give this cluster an etcd of its own. If nobody needs the other cluster any more, take a snapshot of etcd and empty it: etcdctl del --prefix /registry/',
  }
}

function strange({ wanted, used }: EtcdRegistryState): ErrorDetails | undefined {
  const several = severalClusters([...wanted, ...used], 'The endpoints are not all of the etcd that this cluster uses.')
  if (several !== undefined || wanted.length === 0 || wanted.some(({ holds }) => holds)) return several
  return {
    problem:
      'This etcd does not hold the objects of the cluster: with it the cluster would start empty and lose all its objects.',
    expected: 'keys below /registry/',
    actual: `none at ${wanted.map(({ endpoint }) => endpoint).join(', ')}`,
    next: 'Correct the endpoints; or, if the data of etcd was lost, restore a snapshot first.',
  }
}
