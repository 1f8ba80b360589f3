import { stringify } from 'yaml'
import type { Change, FieldChange, Resource } from '../../core/resource.ts'
import { surveyProbe } from '../../core/survey.ts'
import { isTree, type KubernetesDocument, missingFrom, retried } from '../support/index.ts'
import type { ApiAccess } from './access.ts'
import { type ApiState, notAnswered } from './api-state.ts'
import { answersFor, apiPath, askApi } from './api-survey.ts'
import { serverSideApply } from './server-side-apply.ts'
import { settledFields } from './settled-fields.ts'

/** An object of the Kubernetes API. */
export interface KubernetesObject extends KubernetesDocument {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string } & KubernetesDocument
}

export type ManifestState = ApiState<{ readonly objects: readonly KubernetesObject[] }>

/**
 * Objects in the cluster, applied server-side with the field manager `evcctl`. Each desired field is compared with the
 * object in the API server; fields that the server or others added are left alone. Secrets do not belong here, because the
 * objects are part of the script. Runs on a control plane node.
 */
export function manifest(
  api: ApiAccess,
  name: string,
  objects: readonly KubernetesObject[],
): Resource<ManifestState, { readonly objects: readonly KubernetesObject[] }> {
  const paths = objects.map(apiPath)
  return {
    kind: 'manifest',
    name,
    probe: surveyProbe({
      asks: [askApi(api, paths)],
      parse(raw): ManifestState {
        const answer = answersFor(raw, paths)
        if (answer.api !== 'answered') return answer
        return { api: 'answered', objects: answer.objects.filter(isTree).map(settledFields) as KubernetesObject[] }
      },
    }),
    desired: { objects },
    diff(current): Change | undefined {
      if (current.api === 'unreachable') return notAnswered(current)
      const found = current.api === 'answered' ? current.objects : []
      const fields = objects.flatMap(object => objectChanges(object, found))
      if (fields.length === 0) return undefined
      return { action: found.length === 0 ? 'create' : 'update', fields }
    },
    converge() {
      const apply = serverSideApply(api, objects.map(object => stringify(object, { lineWidth: 0 })).join('---\n'))
      return [{ run: retried(apply, { times: 5 }), timeoutMs: 180_000 }]
    },
  }
}

function objectChanges(object: KubernetesObject, found: readonly KubernetesObject[]): readonly FieldChange[] {
  const title = `${object.kind} ${object.metadata.name}`
  const current = found.find(other => sameIdentity(object, other))
  if (current === undefined) return [{ field: title, after: 'applied' }]
  const changes = missingFrom(object, current, { absentIsZero: true, listKeys: ['name', 'mountPath', 'containerPort'] })
  return changes.map(change => ({ ...change, field: `${title} ${change.field}` }))
}

function sameIdentity(a: KubernetesObject, b: KubernetesObject): boolean {
  return (
    a.apiVersion === b.apiVersion &&
    a.kind === b.kind &&
    a.metadata.name === b.metadata.name &&
    a.metadata.namespace === b.metadata.namespace
  )
}
