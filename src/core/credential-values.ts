import { hidden } from './credential-line.ts'
import { hidesNumbers, isHeader, isReference, scheme, tellsOf } from './credential-names.ts'
import { hideCredentials } from './credential-text.ts'

/** What the place of a value in a tree tells of it. */
export interface Place {
  /** Whether the value is secret: never, as a text or a list of texts, or with everything below it. */
  readonly is: 'plain' | 'secret text' | 'secret'
  /** Whether a number there is secret, too. */
  readonly numbers: boolean
}

/** The place of a whole document. */
export const rootPlace: Place = { is: 'plain', numbers: false }

const secretPlace: Place = { is: 'secret', numbers: true }

/**
 * The place of what is under `key`, or of an item of a list. `owners`: the mappings or lists that have it, which may be two sides of a
 * comparison: a mapping with a telling `name` has a secret value, and an item after a telling flag is the value of the flag.
 */
export function placeBelow(place: Place, key: string | number, ...owners: readonly unknown[]): Place {
  if (typeof key === 'number')
    return owners.some(owner => Array.isArray(owner) && isTellingFlag(owner[key - 1])) ? secretPlace : place
  if (isReference(key)) return rootPlace
  // Whatever is in a header of HTTP may be a credential.
  if (place.is === 'secret' || isHeader(key)) return headerOrSecret(place)
  if (/^values?$/i.test(key) && owners.some(hasTellingName)) return secretPlace
  if (/^(?:data|stringData)$/.test(key) && owners.some(isKindSecret)) return secretPlace
  const tells = tellsOf(key)
  // A text below `auth: basic` is a login, as one of `auth` itself.
  if (tells === 'nothing') return place.is === 'secret text' && scheme.test(key) ? place : rootPlace
  return { is: tells === 'everything' ? 'secret' : 'secret text', numbers: hidesNumbers(key) }
}

function headerOrSecret(place: Place): Place {
  return place.is === 'secret' ? secretPlace : { is: 'secret', numbers: false }
}

/** A value as it may be shown: a copy in which all credentials are hidden. */
export function withoutSecretValues(value: unknown, place: Place = rootPlace): unknown {
  if (Array.isArray(value)) return value.map((item, at) => withoutSecretValues(item, placeBelow(place, at, value)))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, withoutSecretValues(inner, placeBelow(place, key, value))]),
    )
  }
  if (typeof value === 'string') return shownText(value, place)
  if (typeof value === 'number' && value !== 0 && place.is !== 'plain' && place.numbers) return hidden
  return value
}

// Switches and zeros are no credentials. Programs leave out zeros when they store a document, so a comparison must see them.
const never = /^(?:|true|false|null|0|0s)$/

function shownText(text: string, { is, numbers }: Place): string {
  if (is === 'plain') return hideCredentials(text)
  if (never.test(text) || (!numbers && /^-?\d+(?:\.\d+)?$/.test(text))) return text
  return hidden
}

function hasTellingName(owner: unknown): boolean {
  if (typeof owner !== 'object' || owner === null) return false
  const { name } = owner as { readonly name?: unknown }
  return typeof name === 'string' && tellsOf(name) !== 'nothing'
}

function isKindSecret(owner: unknown): boolean {
  return typeof owner === 'object' && owner !== null && (owner as { readonly kind?: unknown }).kind === 'Secret'
}

function isTellingFlag(item: unknown): boolean {
  return typeof item === 'string' && /^--?[\w.-]+$/.test(item) && tellsOf(item) !== 'nothing'
}
