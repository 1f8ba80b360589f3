import type { Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { retried } from '../support/index.ts'
import type { ApiAccess } from './access.ts'
import { type ApiState, notAnswered } from './api-state.ts'
import { answerFor, apiPath, askApi } from './api-survey.ts'
import { againFunction, kubectl } from './kubectl.ts'
import type { KubernetesObject } from './manifest.ts'

/** The annotation that records which configuration evcctl has applied completely. */
const configurationAnnotation = 'evcctl.dev/configuration'

export interface KustomizationParameters {
  readonly api: ApiAccess
  /** The name that the plan shows. */
  readonly name: string
  /** Folder on the host with kustomization.yaml and the files that it names. */
  readonly folder: string
  /** The workload that carries the annotation `evcctl.dev/configuration`, e.g. the DaemonSet `calico-node`. */
  readonly carrier: Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
    readonly metadata: { readonly name: string; readonly namespace: string }
  }
  /** Value of that annotation; it differs whenever something in the folder differs. */
  readonly configuration: string
}

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
}

export type KustomizationState = ApiState<{ readonly there: boolean; readonly configuration: string }>

/**
 * The result of `kubectl apply -k` on a folder on the host: somebody else's manifest, patched, and applied server-side
 * with the field manager `evcctl`. An annotation of one of its objects records what was applied: it is removed before the
 * objects are changed, and set once all of them are applied. A change by hand in the other objects is not detected. Runs on
 * a control plane node.
 */
export function kustomization({
  api,
  name,
  folder,
  carrier,
  configuration,
}: KustomizationParameters): Resource<KustomizationState, { readonly configuration: string }> {
  const path = apiPath(carrier)
  return {
    kind: 'kustomization',
    name,
    probe: surveyProbe({
      asks: [askApi(api, [path])],
      parse(raw): KustomizationState {
        const answer = answerFor(raw, path)
        if (answer.api !== 'answered') return answer
        const found = answer.object as Annotated | undefined
        const configuration = found?.metadata?.annotations?.[configurationAnnotation] ?? ''
        return { api: 'answered', there: found !== undefined, configuration }
      },
    }),
    desired: { configuration },
    diff(current) {
      if (current.api === 'unreachable') return notAnswered(current)
      if (current.api === 'absent' || !current.there)
        return { action: 'create', fields: [{ field: 'configuration', after: configuration }] }
      if (current.configuration === configuration) return undefined
      const before = current.configuration === '' ? 'not known: cut off, or not of evcctl' : current.configuration
      return { action: 'update', fields: [{ field: 'configuration', before, after: configuration }] }
    },
    converge(current) {
      // Where the API server does not answer the probe, the script on the host checks whether the workload is there.
      const mayStand = current.api !== 'answered' || current.there
      const { name, namespace } = carrier.metadata
      const annotate = `again ${kubectl(api, 30)} --namespace ${namespace} annotate ${carrier.kind.toLowerCase()} ${name} --overwrite --field-manager=evcctl`
      const get = `again ${kubectl(api, 30)} --namespace ${namespace} get ${carrier.kind.toLowerCase()} ${name} --ignore-not-found -o name`
      const forget = `there=$(${get})
if [ -n "$there" ]; then ${annotate} ${configurationAnnotation}- >/dev/null; fi
`
      const apply = `${kubectl(api, 60)} apply --server-side --force-conflicts --field-manager=evcctl -k ${folder} >/dev/null\n`
      const run = `${againFunction}${mayStand ? forget : ''}${retried(apply, { times: 5 })}${annotate} ${configurationAnnotation}=${configuration} >/dev/null
`
      return [{ run, timeoutMs: 480_000 }]
    },
  }
}
