const known = new Set<string>()
// Shorter values would mask ordinary words in every log line.
const shortestMasked = 6

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
    if (value.length >= shortestMasked) known.add(value)
  }

  /** The value itself. */
  reveal(): string {
    return this.#value
  }

  /** A Secret made of this one, e.g. a file's content that contains it. */
  map(f: (value: string) => string, label = this.label): Secret {
    return new Secret(f(this.#value), label)
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
  let result = text
  for (const value of known) if (result.includes(value)) result = result.replaceAll(value, '<secret>')
  return result
}
