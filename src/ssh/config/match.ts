import type { UserError } from '../../core/errors.ts'
import { matchesList } from '../patterns.ts'

/** What a Match line is compared with. */
export interface MatchSubject {
  /** The host name as given to ssh. */
  readonly original: string
  /** The value of HostName found so far, else the name as given. */
  readonly host: string
  readonly user: string
  readonly localUser: string
  /** True in the second pass, which `Match final` requires. */
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
// Criteria with a value that evcctl does not follow; `exec` would run a program.
const notFollowed = ['exec', 'localnetwork', 'tagged', 'version', 'sessiontype', 'command']
const without = ['all', 'final', 'canonical']

/** The result of a Match line: whether it matches, and the criterion that evcctl does not follow, if there is one. */
export type MatchResult = { readonly matches: boolean; readonly leftOut?: string; readonly wantsFinal: boolean }

/** Checks a Match line. If it is invalid, throws the error that `error` makes from the expected and the actual words. */
export function checkMatch(words: readonly string[], error: (expected: string, actual: string) => UserError): void {
  const names = [...Object.keys(compared), ...notFollowed, ...without]
  const criteria = criteriaOf(words)
  for (const { name, value } of criteria) {
    if (!names.includes(name)) throw error(names.join(', '), name)
    if (value === '' && !without.includes(name)) throw error(`a value after ${name}`, 'the end of the line')
  }
  const all = criteria.findIndex(({ name }) => name === 'all')
  const before = criteria.slice(0, all).filter(({ name }) => !['final', 'canonical'].includes(name))
  // As in OpenSSH, only one criterion without a value may come before `all`, and nothing after it.
  if (all >= 0 && (all > 1 || before.length > 0 || all < criteria.length - 1))
    throw error('"all" alone', words.join(' '))
}

/** Evaluates a Match line that checkMatch() has accepted. Criteria after one that does not match are ignored. */
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
  // Accepts `host=name` as well as `host name`, as OpenSSH does.
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
