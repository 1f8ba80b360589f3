import { hidden, hideValues, type Line, namesIn } from './credential-line.ts'
import { tellsOf } from './credential-names.ts'

const tags = '(?:[&!]\\S*[ \\t]+)*'
const entryName = new RegExp(
  `^([ \\t]*(?:-[ \\t]+)*)["']?name["']?[ \\t]*[:=][ \\t]*${tags}["']?([\\w.-]+)["']?[ \\t]*(?:[,}\\]][ \\t]*)*(?:#|$)`,
  'i',
)
const entryValue = /^(([ \t]*(?:-[ \t]+)*)(\{[ \t]*)?["']?value["']?[ \t]*[:=])[ \t]*/i

/** The value of an entry, which may come before its name. */
interface Value {
  /** Where its first line is among those shown. */
  readonly at: number
  readonly column: number
  readonly head: string
  /** It is in a mapping in one line that goes on, so its column tells nothing. */
  readonly flow: boolean
}

/** The secret value that a line begins with. */
export interface EntryValue {
  readonly head: string
  readonly column: number
  readonly rest: string
}

/** Entries of a list that have a name and a value in different lines, such as environment variables of a container. */
export class Entries {
  // In lines that are indented at least as much, the value of an entry is hidden.
  #secretAt: number | undefined
  #value: Value | undefined

  /** To be called with each line before the others; returns the value that the line begins with, if that is secret. */
  begin(line: string, indent: number): EntryValue | undefined {
    const first = line[indent]
    if (first === undefined) return undefined
    if (first === '[' || first === '{' || (first === '-' && /^(?:\s|$)/.test(line.slice(indent + 1, indent + 2)))) {
      this.#secretAt = undefined
      this.#value = undefined
    }
    if (this.#secretAt !== undefined && indent < this.#secretAt) this.#secretAt = undefined
    if (this.#secretAt === undefined) return undefined
    const found = entryValue.exec(line)
    return found === null ? undefined : { head: found[1]!, column: found[2]!.length, rest: line.slice(found[0].length) }
  }

  /** A line without the values in it that belong to an earlier name. */
  shown(line: string): string {
    return this.#secretAt === undefined ? line : hideValues(line)
  }

  /** To be called with each line that was shown: `shown` ends with it. */
  end(line: string, indent: number, shown: Line[]): void {
    const valued = entryValue.exec(line)
    if (valued !== null) {
      const [, head = '', before = '', brace] = valued
      this.#value = { at: shown.length - 1, column: before.length, head, flow: brace !== undefined }
      return
    }
    const open = line.lastIndexOf('{')
    if (open > line.lastIndexOf('}')) {
      if (namesIn(line.slice(open)).some(name => tellsOf(name) !== 'nothing')) this.#secretAt = indent
      return
    }
    const named = entryName.exec(line)
    if (named === null || tellsOf(named[2]!) === 'nothing') return
    const column = named[1]!.length
    this.#secretAt = column
    if (this.#value?.flow === true || this.#value?.column === column) hideFormer(shown, this.#value)
    this.#value = undefined
  }
}

function hideFormer(shown: Line[], { at, column, head }: Value): void {
  let end = at + 1
  while (end < shown.length - 1 && indentOf(shown[end]!.text) > column) end++
  shown.splice(at, end - at, { text: `${head} ${hidden}`, end: shown[end - 1]!.end })
}

function indentOf(text: string): number {
  return text.length - text.trimStart().length
}
