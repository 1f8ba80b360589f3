import type { Resource } from '../core/resource.ts'
import { surveyProbe } from '../core/survey.ts'
import { answerFor, apiPath, askApi } from './api-survey.ts'
import { kubectl } from './kubectl.ts'
import type { KubernetesObject } from './manifest.ts'
import { rolloutScript } from './pod-evidence.ts'

/** The annotation by which evcctl knows what it applied. */
export const configurationAnnotation = 'evcctl.dev/configuration'

export interface KustomizationParameters {
  /** As the plan shows it. */
  readonly name: string
  /** Folder on the host with kustomization.yaml and what it names. */
  readonly folder: string
  /** The workload that has the annotation `evcctl.dev/configuration`, e.g. the DaemonSet `calico-node`. */
  readonly carrier: Pick<KubernetesObject, 'apiVersion' | 'kind'> & {
    readonly metadata: { readonly name: string; readonly namespace: string }
  }
  /** Value of that annotation; another one whenever something in the folder is another. */
  readonly configuration: string
}

interface Annotated {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> }
}

export type KustomizationState =
  | { readonly api: 'absent' }
  | { readonly api: 'unreachable'; readonly said: string }
  | { readonly api: 'answered'; readonly there: boolean; readonly configuration: string }

/**
 * What `kubectl apply -k` makes of a folder on the host: somebody else's manifest, patched, applied server-side with the
 * field manager `evcctl`. It is known by an annotation of one of its objects; a changed one is waited for. What was
 * changed by hand in the others is not noticed. Runs on a control plane node.
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
      if (current.api === 'unreachable') {
        const note = `the API server does not answer, so it cannot be compared: ${current.said}`
        return { action: 'update', fields: [], note }
      }
      if (current.api === 'absent' || !current.there)
        return { action: 'create', fields: [{ field: 'configuration', after: configuration }] }
      if (current.configuration === configuration) return undefined
      const before = current.configuration === '' ? 'not of evcctl' : current.configuration
      return { action: 'update', fields: [{ field: 'configuration', before, after: configuration }] }
    },
    converge(current) {
      const stands = current.api === 'answered' && current.there
      const apply = `tries=0
until ${kubectl(60)} apply --server-side --force-conflicts --field-manager=evcctl -k ${folder} >/dev/null
do
  tries=$(( tries + 1 ))
  if [ "$tries" -ge 5 ]; then exit 1; fi
  sleep 2
done
`
      const { name: workload, namespace } = carrier.metadata
      const object = `${carrier.kind.toLowerCase()}/${workload}`
      const rollout = { run: rolloutScript(namespace, object), timeoutMs: 660_000 }
      return [{ run: apply, timeoutMs: 360_000 }, ...(stands ? [rollout] : [])]
    },
  }
}
