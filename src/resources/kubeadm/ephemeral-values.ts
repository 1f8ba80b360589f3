import type { ProbeResult, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { againFunction, answerFor, askApi, kubectl } from '../api/index.ts'
import { kubeadmApi } from './api-access.ts'

/** The label of a Secret that a run of evcctl creates for its own use and deletes at its end. */
export const ephemeralLabel = 'evcctl.dev/ephemeral'

/** Description of the bootstrap tokens that evcctl makes. */
export const tokenDescription = 'evcctl: joins of one run'

const path = '/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken'

export interface EphemeralValuesState {
  /** `unknown`: the API server did not answer, so nothing is known of the tokens. */
  readonly api: 'absent' | 'unknown' | 'answered'
  /** Ids of the bootstrap tokens that evcctl created, including the one that limits the life of kubeadm-certs. */
  readonly tokens: readonly string[]
}

/**
 * No bootstrap token and no certificate key of an ended run is left. A run that was killed cannot delete what it created,
 * and anybody can join with a token for hours. The check comes before a run creates its own values. It never deletes those
 * of another run, since only the run that holds the lock gets here. Runs on a control plane node.
 */
export function endedRunsValues(): Resource<EphemeralValuesState, Record<never, never>> {
  return {
    kind: 'ephemeral values',
    name: 'ended runs',
    title: 'bootstrap tokens of ended runs',
    probe: surveyProbe({ asks: [askApi(kubeadmApi, [path])], parse: parseTokens }),
    desired: {},
    diff: ({ tokens }) =>
      tokens.length === 0
        ? undefined
        : { action: 'delete', fields: tokens.map(id => ({ field: 'id', before: id, after: 'nothing' })) },
    converge: ({ tokens }) => [{ run: `${againFunction}${tokens.map(deletion).join('')}`, timeoutMs: 180_000 }],
  }
}

// kubeadm-certs is owned by its token: without this line, the garbage collector would delete it a little later.
function deletion(id: string): string {
  const secrets = `${kubectl(kubeadmApi)} --namespace kube-system`
  const name = `bootstrap-token-${id}`
  return `owner=$(${secrets} get secret kubeadm-certs --ignore-not-found -o jsonpath='{.metadata.ownerReferences[0].name}')
if [ "$owner" = ${name} ]; then again ${secrets} delete secret kubeadm-certs --ignore-not-found; fi
again ${secrets} delete secret ${name} --ignore-not-found
`
}

function parseTokens(raw: ProbeResult): EphemeralValuesState {
  const answer = answerFor(raw, path)
  if (answer.api === 'absent') return { api: 'absent', tokens: [] }
  if (answer.api === 'unreachable') return { api: 'unknown', tokens: [] }
  const { items } = (answer.object ?? {}) as { readonly items?: unknown }
  return { api: 'answered', tokens: Array.isArray(items) ? items.flatMap(ownTokenId) : [] }
}

function ownTokenId(item: unknown): readonly string[] {
  const { metadata, data } = (item ?? {}) as {
    readonly metadata?: { readonly name?: unknown; readonly labels?: Readonly<Record<string, unknown>> }
    readonly data?: { readonly description?: unknown }
  }
  const [, id] = /^bootstrap-token-([a-z0-9]{6})$/.exec(String(metadata?.name)) ?? []
  const description = Buffer.from(String(data?.description ?? ''), 'base64').toString()
  const own = description === tokenDescription || metadata?.labels?.[ephemeralLabel] !== undefined
  return id !== undefined && own ? [id] : []
}
