/** What a rule does: it drops all that is left, or it jumps to a chain of this name; empty: neither. */
export type Ending = true | string

/**
 * Tells in which chain, of this one and those it leads to, everything that is left is dropped; undefined: in none. Each
 * chain is visited once, however many jumps lead to it, even in a loop, so the depth of nesting does not matter.
 */
export function finalRules(endingsOf: (chain: string) => readonly Ending[]): (chain: string) => number | undefined {
  const at = new Map<string, number | undefined>()
  return chain => {
    const path: { readonly name: string; readonly endings: readonly Ending[]; next: number }[] = []
    const enter = (name: string): void => {
      at.set(name, undefined)
      path.push({ name, endings: endingsOf(name), next: 0 })
    }
    if (!at.has(chain)) enter(chain)
    for (let here = path.at(-1); here !== undefined; here = path.at(-1)) {
      const ending = here.endings[here.next]
      if (ending === undefined) path.pop()
      else if (ending === true || at.get(ending) !== undefined) {
        at.set(here.name, here.next)
        path.pop()
      } else if (ending !== '' && !at.has(ending)) enter(ending)
      else here.next++
    }
    return at.get(chain)
  }
}
