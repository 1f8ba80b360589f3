import { isHeader, type Tells, tellsOf } from './credential-names.ts'

/*
 * What the beginning of a section tells of the lines below it: a table of TOML, or a document of Kubernetes.
 */

/** What a section tells of the values in it. */
export type Section = 'plain' | 'header' | 'secret'

const table = /^[ \t]*\[{1,2}((?:[\w.-]|"[^"]*"|'[^']*')+)\]{1,2}[ \t]*(?:#|$)/
const quoted = /"[^"]*"|'[^']*'/g

/** The section that begins with a line, as `[host."https://registry.example".header]`; undefined: none begins there. */
export function sectionOf(line: string): Section | undefined {
  const path = table.exec(line)?.[1]
  if (path === undefined) return undefined
  // A name in quotes is that of a host or a user.
  const names = path.replace(quoted, '').split('.')
  if (names.some(name => tellsOf(name) === 'everything')) return 'secret'
  return isHeader(names.at(-1)!) ? 'header' : 'plain'
}

const setting = /^[ \t]*[^\s=#[][^=#]*=[ \t]*/

/** What stands before a value of a section, with the equal sign and the blanks after it. */
export function beforeValue(line: string): string | undefined {
  return setting.exec(line)?.[0]
}

const secretKind = /\bkind\\*["']?[ \t]*:[ \t]*\\*["']?Secret(?![\w-])/

/** Tells of each line how its names are judged: in a document with a Secret of Kubernetes, its data are secret. */
export function judgesOf(lines: readonly string[]): (at: number) => (name: string) => Tells {
  if (!lines.some(line => secretKind.test(line))) return () => tellsOf
  let document = 0
  const documents = lines.map(line => (line.startsWith('---') ? ++document : document))
  const secret = new Set(documents.filter((_, at) => secretKind.test(lines[at]!)))
  return at => (secret.has(documents[at]!) ? judgeOfSecret : tellsOf)
}

function judgeOfSecret(name: string): Tells {
  return name === 'data' || name === 'stringData' ? 'everything' : tellsOf(name)
}
