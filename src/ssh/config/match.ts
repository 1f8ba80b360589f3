import type { UserError } from '../../core/errors.ts'
import { matchesList } from '../patterns.ts'

/** What a Match line is compared with. */
export interface MatchSubject {
  /** The name asked for. */
  readonly original: string
  /** HostName so far, else the name asked for. */
  readonly host: string
  readonly user: string
  readonly localUser: string
  /** True in the second reading, which `Match final` asks for. */
  readonly final: boolean
}

interface Criterion {
  readonly name: string
  readonly negated: boolean
  readonly value: string
}

const compared: Readonly<Record<string, (subject: MatchSubject) => string>> = {
  host: ({ host }) => host.toLowerCase(),
  originalhost: ({ original }) => original.toLowerCase(),
  user: ({ user }) => user,
  localuser: ({ localUser }) => localUser,
}
// Those that take a value and that evcctl does not follow; `exec` would run a program.
const notFollowed = ['exec', 'localnetwork', 'tagged', 'version', 'sessiontype', 'command']
const without = ['all', 'final', 'canonical']

/** What came of a Match line: whether it matches, or the criterion because of which it is left out. */
export type MatchResult = { readonly matches: boolean; readonly leftOut?: string; readonly wantsFinal: boolean }

/** Throws what `error` makes of what is expected and what came, when a Match line cannot be read. */
export function checkMatch(words: readonly string[], error: (expected: string, actual: string) => UserError): void {
  const names = [...Object.keys(compared), ...notFollowed, ...without]
  const criteria = criteriaOf(words)
  for (const { name, value } of criteria) {
    if (!names.includes(name)) throw error(names.join(', '), name)
    if (value === '' && !without.includes(name)) throw error(`a value after ${name}`, 'the end of the line')
  }
  const all = criteria.findIndex(({ name }) => name === 'all')
  const before = criteria.slice(0, all).filter(({ name }) => !['final', 'canonical'].includes(name))
  // OpenSSH: one criterion without a value may come before it, and nothing after.
  if (all >= 0 && (all > 1 || before.length > 0 || all < criteria.length - 1))
    throw error('"all" alone', words.join(' '))
}

/** Compares a Match line that was checked. Criteria after one that does not hold are not looked at. */
export function evaluateMatch(words: readonly string[], subject: MatchSubject): MatchResult {
  let matches = true
  let wantsFinal = false
  let leftOut: string | undefined
  for (const { name, negated, value } of criteriaOf(words)) {
    if (name === 'final') wantsFinal = true
    const text = compared[name]?.(subject)
    if (text !== undefined) {
      const patterns = name.endsWith('host') ? value.toLowerCase() : value
      matches &&= matchesList(text, patterns.split(',')) !== negated
    } else if (name === 'all') matches &&= !negated
    else if (without.includes(name)) matches &&= subject.final !== negated
    else if (matches) leftOut ??= name
  }
  if (!matches) return { matches, wantsFinal }
  return leftOut === undefined ? { matches, wantsFinal } : { matches: false, leftOut, wantsFinal }
}

function criteriaOf(words: readonly string[]): Criterion[] {
  // Older versions take `host=name` as well as `host name`.
  const parts = words.flatMap((word, index) => {
    const [, name, value] = /^(!?[a-z]+)=(.*)$/i.exec(word) ?? []
    return name !== undefined && index % 2 === 0 ? [name, value ?? ''] : [word]
  })
  const found: Criterion[] = []
  while (parts.length > 0) {
    const word = parts.shift() ?? ''
    const name = word.replace(/^!/, '').toLowerCase()
    found.push({ name, negated: word.startsWith('!'), value: without.includes(name) ? '' : (parts.shift() ?? '') })
  }
  return found
}
