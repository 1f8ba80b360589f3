import { hideCredentials } from './credential-text.ts'
import { type Place, placeBelow, rootPlace, withoutSecretValues } from './credential-values.ts'
import type { Change, FieldChange } from './resource.ts'
import { boundedFields } from './shown.ts'

/**
 * Removes passwords from the value of one setting, of which only the path is known: `spec.hosts.0`, `a.tokens[0]`, `env[API_TOKEN].value`,
 * `kubelet a["b.c/d"]`. Where the tree is known, withoutSecretValues() knows more.
 */
export function hideCredential(path: string, text: string): string {
  return String(withoutSecretValues(text, placeOf(path)))
}

const step = /"[^"]*"|[^.[\]\s"]+/g

function placeOf(path: string): Place {
  // Before the path there may be a title, whose words are no keys.
  const begin = /^[^"[\]]*\s/.exec(path)?.[0].length ?? 0
  const steps = path.slice(begin).match(step) ?? []
  return steps.reduce(
    (place, name) => (/^\d+$/.test(name) ? place : placeBelow(place, name.replaceAll('"', ''))),
    rootPlace,
  )
}

/** A change in a form that may be shown: without credentials in its note or on either side of a field, and with a bounded number of fields. */
export function withoutCredentials(change: Change): Change {
  return {
    ...change,
    ...(change.note === undefined ? {} : { note: hideCredentials(change.note) }),
    fields: boundedFields(change.fields).map(hideInField),
  }
}

function hideInField(change: FieldChange): FieldChange {
  const { field, before, after } = change
  return {
    ...change,
    ...(typeof before === 'string' ? { before: hideCredential(field, before) } : {}),
    ...(typeof after === 'string' ? { after: hideCredential(field, after) } : {}),
  }
}
