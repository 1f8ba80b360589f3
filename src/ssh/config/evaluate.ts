import { matchesList } from '../patterns.ts'
import { expandTokens } from './expand.ts'
import { keywords } from './keywords.ts'
import type { ConfigLine } from './lines.ts'
import { evaluateMatch } from './match.ts'

/** The host that the configuration is read for, as the command line of ssh would name it. */
export interface Query {
  readonly alias: string
  /** Wins over the files, like `ssh -l`. */
  readonly user?: string
  readonly localUser: string
}

/** The lines that apply to one host, by keyword. */
export interface InEffect {
  readonly values: ReadonlyMap<string, readonly ConfigLine[]>
  /** Lines that apply to the host but that evcctl does not follow, e.g. `Match exec`. */
  readonly notFollowed: readonly ConfigLine[]
}

/** The lines that count for a host: the first of each keyword, or all lines of a keyword that accumulates (ssh_config(5)). */
export function evaluateConfig(files: readonly (readonly ConfigLine[])[], query: Query): InEffect {
  const pass = new Pass(query)
  for (const lines of files) pass.walk(lines, true, false)
  // `Match final` requires a second pass, with the host name that the first pass found.
  if (pass.wantsFinal) {
    pass.beginFinal()
    for (const lines of files) pass.walk(lines, true, false)
  }
  return { values: pass.values, notFollowed: [...pass.notFollowed] }
}

class Pass {
  readonly values = new Map<string, ConfigLine[]>()
  readonly notFollowed = new Set<ConfigLine>()
  wantsFinal = false
  readonly #query: Query
  #name: string
  #final = false

  constructor(query: Query) {
    this.#query = query
    this.#name = query.alias
  }

  beginFinal(): void {
    this.#name = this.#hostName().toLowerCase()
    // HostName is fixed for the second pass, even if no line has set it.
    const place = this.values.get('hostname')?.[0] ?? { file: '', line: 0 }
    this.values.set('hostname', [{ ...place, keyword: 'hostname', words: [this.#name.replaceAll('%', '%%')] }])
    this.#final = true
  }

  /** `never`: a block that does not match has included these lines, so no block in them matches either. */
  walk(lines: readonly ConfigLine[], active: boolean, never: boolean): void {
    let now = active
    for (const line of lines) {
      if (line.keyword === 'host') now = !never && matchesList(this.#name, line.words)
      else if (line.keyword === 'match') now = this.#matches(line) && !never
      else if (line.included !== undefined) this.walk(line.included, now, never || !now)
      else if (now) this.#take(line)
    }
  }

  #matches(line: ConfigLine): boolean {
    const { alias, user, localUser } = this.#query
    const result = evaluateMatch(line.words, {
      original: alias,
      host: this.#final ? this.#name : this.#hostName(),
      user: user ?? this.values.get('user')?.[0]?.words[0] ?? localUser,
      localUser,
      final: this.#final,
    })
    this.wantsFinal ||= result.wantsFinal
    if (result.leftOut !== undefined) this.notFollowed.add(line)
    return result.matches
  }

  #take(line: ConfigLine): void {
    const keyword = keywords[line.keyword]
    if (keyword === undefined) return
    // Of ProxyCommand and ProxyJump, the one that comes first wins.
    if (line.keyword === 'proxycommand' && this.values.has('proxyjump')) return
    if (line.keyword === 'proxyjump' && this.values.has('proxycommand')) return
    const earlier = this.values.get(line.keyword)
    if (earlier === undefined) this.values.set(line.keyword, [line])
    else if (keyword.take === 'all' && !earlier.some(({ words }) => words[0] === line.words[0])) earlier.push(line)
    if (earlier === undefined && keyword.notFollowed?.(line.words[0] ?? '') === true) this.notFollowed.add(line)
  }

  #hostName(): string {
    const line = this.values.get('hostname')?.[0]
    return line === undefined ? this.#query.alias : expandTokens(line, { h: this.#query.alias })
  }
}
