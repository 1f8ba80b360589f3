import { createHash } from 'node:crypto'
import { formsOf } from './secret-forms.ts'

const known = new Set<string>()
// Longest first, so that a value that contains another one is masked as a whole.
let longestFirst: readonly string[] | undefined
// Shorter values would mask ordinary words in every log line.
const shortestMasked = 6
// So shorter ones are masked only in the place of a value: `password=abcd`, `user:abcd@host`. One or two characters never are.
const short = new Set<string>()
const shortestOfAll = 3
let shortPattern: RegExp | undefined
// Output is shown line by line, so lines have to be masked on their own: in a document, those of keys and certificates only.
const keyLine = /^[\w+/=.:-]{32,}$/
// The lines around a key are no secret.
const armour = /^-----(?:BEGIN|END) /

/**
 * A value that must never reach argv, logs, events, plan files or journals.
 * Whatever turns it into text gets only its label. `reveal()` gives the value; only src/shell/script.ts calls it.
 */
export class Secret {
  readonly label: string
  readonly #value: string

  /** `is`: each line of a `value` is as secret as the whole. A `document` has Secrets among ordinary lines. */
  constructor(value: string, label: string, is: 'value' | 'document' = 'value') {
    this.#value = value
    this.label = label
    rememberForms(value.trim())
    for (const part of value.split(/[\r\n]+/)) {
      const line = part.trim()
      if (is === 'value' ? !armour.test(line) : keyLine.test(line)) rememberForms(line)
    }
  }

  /** A Secret made of several, e.g. a document that contains them. */
  static all(secrets: readonly Secret[], f: (values: readonly string[]) => string, label: string): Secret {
    return new Secret(f(secrets.map(secret => secret.#value)), label, 'document')
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  /** A Secret made of this one, e.g. a file's content that contains it. */
  map(f: (value: string) => string, label = this.label): Secret {
    return new Secret(f(this.#value), label, 'document')
  }

  /** Whether the value has this sha256 (hex): compares it with a host's without giving it away. */
  hasSha256(digest: string): boolean {
    return createHash('sha256').update(this.#value).digest('hex') === digest
  }

  /** Whether a pattern is found in the value. */
  fits(pattern: RegExp): boolean {
    return pattern.test(this.#value)
  }

  toString(): string {
    return `<${this.label}>`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

/** Replaces the value of every Secret made so far with `<secret>`. It is the last safeguard for all output. */
export function redact(text: string): string {
  let result = text
  for (const value of knownForms()) if (result.includes(value)) result = result.replaceAll(value, masked)
  shortPattern ??= patternOf(short)
  if (shortPattern !== undefined) result = result.replace(shortPattern, masked)
  return result.length < longLine || result.length > mostWithEnds ? result : withoutBegunEnds(result)
}

const masked = '<secret>'

// Scripts on hosts cut long lines (`cut -c 1-300`), so a long line may end with the beginning of a value.
const longLine = 200
// Longer texts are cut before they are shown.
const mostWithEnds = 32 * 1024
// A beginning of fewer characters gives nothing away.
const tellsMuch = 3

function withoutBegunEnds(text: string): string {
  return text
    .split('\n')
    .map(line => {
      const left = line.length < longLine ? 0 : begunAtEnd(line, tellsMuch)
      return left === 0 ? line : `${line.slice(0, -left)}${masked}`
    })
    .join('\n')
}

/**
 * How many characters at the end of a text may be the beginning of a Secret's value that was cut off there; 0 if they are
 * fewer than `least`. If the first of them belongs to another value that is whole, that value counts, too.
 */
export function begunAtEnd(text: string, least = 1): number {
  let most = 0
  for (const value of knownForms()) {
    const from = Math.max(0, text.length - value.length + 1)
    const begin = value.slice(0, least)
    for (let at = text.indexOf(begin, from); at >= 0; at = text.indexOf(begin, at + 1)) {
      if (!value.startsWith(text.slice(at))) continue
      most = Math.max(most, text.length - at)
      break
    }
  }
  return most === 0 ? 0 : text.length - beginOfWhole(text, text.length - most)
}

// A cut must not split a value that is whole, because its rest would no longer be recognised. This is a loop, because a password
// like 111111 in a long text of the same digit needs one step for every few characters.
function beginOfWhole(text: string, cut: number): number {
  let begin = cut
  for (let at = across(text, begin, 'indexOf'); at !== undefined; at = across(text, begin, 'indexOf')) begin = at.begin
  return begin
}

/** Finds a value that is whole in the text and lies across `cut`: its first occurrence there, or its last. */
function across(text: string, cut: number, find: 'indexOf' | 'lastIndexOf'): Stretch | undefined {
  for (const value of knownForms()) {
    const from = Math.max(0, cut - value.length + 1)
    const at = text.slice(from, cut + value.length - 1)[find](value)
    if (at >= 0) return { begin: from + at, end: from + at + value.length }
  }
  return undefined
}

interface Stretch {
  readonly begin: number
  readonly end: number
}

/**
 * How many characters at the beginning of a text may be the end of a Secret's value that was cut off there. If the last of them
 * belongs to another value that is whole, that value counts, too.
 */
export function endedAtBegin(text: string): number {
  let most = 0
  for (const value of knownForms()) {
    const last = value.at(-1)!
    for (let at = text.lastIndexOf(last, value.length - 2); at >= 0; at = text.lastIndexOf(last, at - 1)) {
      if (value.endsWith(text.slice(0, at + 1))) {
        most = Math.max(most, at + 1)
        break
      }
      if (at === 0) break
    }
  }
  return most === 0 ? 0 : endOfWhole(text, most)
}

function endOfWhole(text: string, cut: number): number {
  let end = cut
  for (let at = across(text, end, 'lastIndexOf'); at !== undefined; at = across(text, end, 'lastIndexOf')) end = at.end
  return end
}

function knownForms(): readonly string[] {
  longestFirst ??= [...known].sort((a, b) => b.length - a.length)
  return longestFirst
}

function patternOf(values: ReadonlySet<string>): RegExp | undefined {
  if (values.size === 0) return undefined
  const any = [...values].map(value => value.replace(/[$()*+./?[\\\]^{|}-]/g, '\\$&')).join('|')
  return new RegExp(`(?<=(?:= ?|: |:(?=["']))["']?)(?:${any})(?=$|["'\\s,;)}\\]])|(?<=:)(?:${any})(?=@)`, 'gm')
}

function rememberForms(value: string): void {
  if (value.length >= shortestOfAll && value.length < shortestMasked && !short.has(value)) {
    short.add(value)
    shortPattern = undefined
  }
  if (value.length < shortestMasked || known.has(value)) return
  for (const form of formsOf(value)) remember(form)
}

function remember(value: string): void {
  if (value.length < shortestMasked || known.has(value)) return
  known.add(value)
  longestFirst = undefined
}
