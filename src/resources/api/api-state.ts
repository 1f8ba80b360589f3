import type { Change, FieldChange } from '../../core/resource.ts'

/** What a question to the API server came to; `T` is what is known where it answered. */
export type ApiState<T> =
  /** This host has no cluster yet. */
  { readonly api: 'absent' } | ApiSilence | ({ readonly api: 'answered' } & T)

/** The server, or the way to it, did not work; `said` is what it, kubectl or curl had to say. */
export interface ApiSilence {
  readonly api: 'unreachable'
  readonly said: string
}

/**
 * The change that stands for what is not known while the API server does not answer. `so` is what follows from that;
 * default: `it cannot be compared`. `fields` are the changes that are known all the same.
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
