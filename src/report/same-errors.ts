import { type ErrorDetails, formatError } from '../core/index.ts'

/** An error that is the same in all these places; `error.where` is set only when there is one place. */
export interface SameError<T> {
  readonly all: readonly [T, ...T[]]
  readonly error: ErrorDetails | undefined
}

/**
 * Merges errors that differ only in their place. Hints (`next`) that differ only in the name or address of the place
 * (`ssh root@192.0.2.7`) count as the same; the hint of the first place is shown. Errors that differ in anything else stay
 * apart, so that no value is hidden. `namesOf` returns further names and addresses of a place that `where` does not have.
 */
export function sameErrors<T>(
  list: readonly T[],
  errorOf: (one: T) => ErrorDetails | undefined,
  more: (one: T) => unknown = () => undefined,
  namesOf: (one: T) => readonly string[] = one => ownNames(errorOf(one)?.where),
): readonly SameError<T>[] {
  const same = Map.groupBy(list, one => JSON.stringify([more(one), likeness(errorOf(one), namesOf(one))]))
  return [...same.values()].map(group => {
    const all = group as [T, ...T[]]
    return { all, error: all.length === 1 ? errorOf(all[0]) : ofAll(all.map(errorOf)) }
  })
}

/** Up to this many errors that differ only in their place are shown one by one. */
const foldedFrom = 3
const placesShown = 3

/** Formats errors for people: an error that is the same in more than three places is shown once, with the first three. */
export function errorTexts(errors: readonly ErrorDetails[]): readonly string[] {
  return sameErrors(errors, error => error).flatMap(({ all, error }) => {
    if (error === undefined || all.length <= foldedFrom) return all.map(formatError)
    const places = all.slice(0, placesShown).map(({ where = '?' }) => where)
    return [formatError({ ...error, where: `${places.join(', ')} and ${all.length - placesShown} more` })]
  })
}

function ofAll(errors: readonly (ErrorDetails | undefined)[]): ErrorDetails | undefined {
  const [first] = errors
  if (first === undefined) return undefined
  const { where, next, ...rest } = first
  if (next === undefined) return rest
  const same = errors.every(error => error?.next === next)
  return { ...rest, next: same ? next : `for ${ownNames(where)[0] ?? 'the first'}: ${next}` }
}

function likeness(error: ErrorDetails | undefined, names: readonly string[]): unknown {
  if (error === undefined) return undefined
  const { where: _, next, ...rest } = error
  return { ...rest, next: names.reduce((text, name) => withoutName(text, name), next ?? '') }
}

// Of `w1 (192.0.2.7:22)`: w1, 192.0.2.7.
function ownNames(where = ''): readonly string[] {
  const [, name, address] = /^([^\s,:]+)(?:.*?\(\[?([^\s)\]]+?)\]?:\d+(?:\)| through ))?/.exec(where) ?? []
  return [name, address].filter(text => text !== undefined)
}

// A name matches only as a whole word: w1 does not match in w10, nor 192.0.2.1 in 192.0.2.10.
function withoutName(text: string, name: string): string {
  const parts = text.split(name)
  return parts.reduce((before, after) => {
    const inWord = /[\w.-]$/.test(before) || /^(?:[\w-]|\.\w)/.test(after)
    return `${before}${inWord ? name : '\u0000'}${after}`
  })
}
