import type { Change, FieldChange, Resource } from '../../core/resource.ts'
import { deepMerge } from '../support/index.ts'
import type { ClusterDocuments } from './cluster-record.ts'
import { isCutOffField } from './configuration-state.ts'
import { rotationFiles } from './rotated-ca.ts'
import { isEditedField } from './static-pods.ts'

const managerArguments = {
  'cluster-signing-cert-file': rotationFiles.signing,
  'root-ca-file': rotationFiles.trust,
}

/**
 * The documents of a control plane node whose `ca.crt` has two CAs, or is about to: the controller manager signs with a file of
 * one CA alone, and publishes both.
 */
export function withRotationFiles(documents: ClusterDocuments): ClusterDocuments {
  const extraArgs = Object.entries(managerArguments).map(([name, value]) => ({ name, value }))
  return { ...documents, cluster: deepMerge(documents.cluster, { controllerManager: { extraArgs } }) }
}

/**
 * The static pods of a control plane node, as `resource` makes them of documents with or without withRotationFiles(), where these files
 * are all that may differ: a rotation is refused while cluster.yaml asks for other changes, too. `file`: path of cluster.yaml.
 */
export function onlyRotationFiles<C, D>(resource: Resource<C, D>, file: string): Resource<C, D> {
  return {
    ...resource,
    title: 'files of the controller manager',
    diff(current, desired, context): Change | undefined {
      const change = resource.diff(current, desired, context)
      if (change === undefined || change.refused !== undefined) return change
      // A change that was cut off may have left any of the manifests on the way from one to the other.
      const isCutOff = change.fields.some(isCutOffField)
      const isOwn = (field: FieldChange) =>
        isOfRotation(field) || isCutOffField(field) || (isCutOff && isEditedField(field))
      const others = change.fields.filter(field => !isOwn(field))
      if (others.length === 0) return { ...change, note: 'the controller manager of this node starts again' }
      return {
        ...change,
        refused: {
          problem:
            'The control plane also differs from the file in other ways, and a rotation of the CA changes nothing else.',
          expected: 'the settings of the file, but for the files of the CA',
          actual: others.map(({ field }) => field).join(', '),
          next: `First: evcctl apply ${file}`,
        },
      }
    },
  }
}

function isOfRotation({ field, before, after }: FieldChange): boolean {
  if (field === 'record of a change') return true
  return field === 'controllerManager.extraArgs' && othersIn(before) === othersIn(after)
}

// Of a list as a plan shows it, without the arguments of a rotation.
function othersIn(list: FieldChange['after']): string | undefined {
  if (list === undefined || list === '(default)') return '[]'
  try {
    const all: unknown = JSON.parse(String(list))
    if (!Array.isArray(all)) return undefined
    return JSON.stringify(all.filter(one => !(String((one as { readonly name?: unknown }).name) in managerArguments)))
  } catch {
    return undefined
  }
}
