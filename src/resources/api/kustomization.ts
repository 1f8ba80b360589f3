import type { Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { retried } from '../support/index.ts'
import { type ApiState, notAnswered } from './api-state.ts'
import { answerFor, apiPath, askApi } from './api-survey.ts'
import { againFunction, kubectl } from './kubectl.ts'
import type { KubernetesObject } from './manifest.ts'

/** The annotation by which evcctl knows what it has applied, all of it. */
const configurationAnnotation = 'evcctl.dev/configuration'

export interface KustomizationParameters {
  /** As the plan shows it. */
  readonly name: string
  /** Folder on the host with kustomization.yaml and what it names. */
  readonly folder: string
  /** The workload that gets the annotation `evcctl.dev/configuration`, e.g. the DaemonSet `calico-node`. */
  readonly carrier: Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
    readonly metadata: { readonly name: string; readonly namespace: string }
  }
  /** Value of that annotation; another one whenever something in the folder is another. */
  readonly configuration: string
}

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
}

export type KustomizationState = ApiState<{ readonly there: boolean; readonly configuration: string }>

/**
 * What `kubectl apply -k` makes of a folder on the host: somebody else's manifest, patched, applied server-side with the
 * field manager `evcctl`. It is known by an annotation of one of its objects, which is set when all of them were taken and
 * taken away before they are changed. What was changed by hand in the others is not noticed. Runs on a control plane node.
 */
export function kustomization({
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
      asks: [askApi([path])],
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
      // Where it is not known whether it is there, the host finds out.
      const mayStand = current.api !== 'answered' || current.there
      const { name, namespace } = carrier.metadata
      const annotate = `again ${kubectl(30)} --namespace ${namespace} annotate ${carrier.kind.toLowerCase()} ${name} --overwrite --field-manager=evcctl`
      const get = `again ${kubectl(30)} --namespace ${namespace} get ${carrier.kind.toLowerCase()} ${name} --ignore-not-found -o name`
      const forget = `there=$(${get})
if [ -n "$there" ]; then ${annotate} ${configurationAnnotation}- >/dev/null; fi
`
      const apply = `${kubectl(60)} apply --server-side --force-conflicts --field-manager=evcctl -k ${folder} >/dev/null\n`
      const run = `${againFunction}${mayStand ? forget : ''}${retried(apply, { times: 5 })}${annotate} ${configurationAnnotation}=${configuration} >/dev/null
`
      return [{ run, timeoutMs: 480_000 }]
    },
  }
}
