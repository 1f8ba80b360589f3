import { type ErrorDetails, formatError } from '../core/index.ts'

/** Something that went wrong, alike on all these places; `error.where` is there only where it is one place. */
export interface SameError<T> {
  readonly all: readonly [T, ...T[]]
  readonly error: ErrorDetails | undefined
}

/**
 * What is the same but for its place, once. A hint is the same, too, where it differs by the place's own name or address alone
 * (`ssh root@192.0.2.7`); it is then told as that of the first. Whatever else differs stays apart, so that no value is hidden.
 * `namesOf` gives the names and addresses of its place where `where` does not have them all.
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

/** So many errors that differ in their place only are shown one by one. */
const foldedFrom = 3
const placesShown = 3

/** Errors as text for people: what is the same in more than three places is told once, with the first three. */
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

// As a word of its own: w1 is no part of w10, nor 192.0.2.1 of 192.0.2.10.
function withoutName(text: string, name: string): string {
  const parts = text.split(name)
  return parts.reduce((before, after) => {
    const inWord = /[\w.-]$/.test(before) || /^(?:[\w-]|\.\w)/.test(after)
    return `${before}${inWord ? name : '\u0000'}${after}`
  })
}
