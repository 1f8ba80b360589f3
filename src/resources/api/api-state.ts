import type { Change, FieldChange } from '../../core/resource.ts'

/** The outcome of a question to the API server. `T` is what the server answered. */
export type ApiState<T> =
  /** This host has no cluster yet. */
  { readonly api: 'absent' } | ApiSilence | ({ readonly api: 'answered' } & T)

/** The server, or the way to it, did not work; `said` is the error message of the server, kubectl or curl. */
export interface ApiSilence {
  readonly api: 'unreachable'
  readonly said: string
}

/**
 * The change for a task whose current state is unknown because the API server does not answer. `so` says what follows from
 * that, default `it cannot be compared`. `fields` are the changes that are known without an answer.
 */
export function notAnswered(
  { said }: ApiSilence,
  so = 'it cannot be compared',
  {
    action = 'update',
    fields = [],
  }: Partial<Pick<Change, 'action'>> & { readonly fields?: readonly FieldChange[] } = {},
): Change {
  return { action, fields, note: `the API server does not answer, so ${so}: ${said}` }
}
