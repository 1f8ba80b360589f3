import { createHash } from 'node:crypto'

const known = new Set<string>()
// Longest first, so that a value that contains another one is masked as a whole.
let longestFirst: readonly string[] | undefined
// Shorter values would mask ordinary words in every log line.
const shortestMasked = 6
// Output is shown line by line: lines of keys and certificates are masked by themselves, ordinary text is not.
const keyLine = /^[\w+/=.:-]{32,}$/

/**
 * A value that must never reach argv, logs, events, plan files or journals.
 * Anything that turns it into text gives its label; only `reveal()` gives the value, and one file calls it (src/shell/script.ts).
 */
export class Secret {
  readonly label: string
  readonly #value: string

  constructor(value: string, label: string) {
    this.#value = value
    this.label = label
    rememberForms(value.trim())
    for (const line of value.split('\n')) if (keyLine.test(line.trim())) remember(line.trim())
  }

  /** A Secret made of several, e.g. a document that contains them. */
  static all(secrets: readonly Secret[], f: (values: readonly string[]) => string, label: string): Secret {
    return new Secret(f(secrets.map(secret => secret.#value)), label)
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  /** A Secret made of this one, e.g. a file's content that contains it. */
  map(f: (value: string) => string, label = this.label): Secret {
    return new Secret(f(this.#value), label)
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

/** `text` with every value of a Secret made so far replaced by `<secret>`: the last net under all output. */
export function redact(text: string): string {
  longestFirst ??= [...known].sort((a, b) => b.length - a.length)
  let result = text
  for (const value of longestFirst) if (result.includes(value)) result = result.replaceAll(value, '<secret>')
  return result
}

// Smaller parts of base64 may be in ordinary text; three bytes are four characters.
const shortestEncoded = 9

// Also as it looks in what programs print: in JSON, in a URL, in a shell's command line, in a file that holds base64.
function rememberForms(value: string): void {
  if (value.length < shortestMasked || known.has(value)) return
  const bytes = Buffer.from(value)
  remember(value)
  remember(JSON.stringify(value).slice(1, -1))
  // By way of bytes: half a surrogate pair is an error in a URL.
  remember(encodeURIComponent(bytes.toString()))
  remember(value.replaceAll("'", `'\\''`))
  // Other bytes may stand before it and after it, as in `user:password`: three at a time become a text of their own.
  for (const skipped of [0, 1, 2]) {
    const end = bytes.length - ((bytes.length - skipped) % 3)
    if (end - skipped < shortestEncoded) continue
    remember(bytes.subarray(skipped, end).toString('base64'))
    remember(bytes.subarray(skipped, end).toString('base64url'))
  }
}

function remember(value: string): void {
  if (value.length < shortestMasked || known.has(value)) return
  known.add(value)
  longestFirst = undefined
}
