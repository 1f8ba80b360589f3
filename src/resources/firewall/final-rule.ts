/** Of a rule: it drops all that is left, or leads to a chain of this name; empty: neither. */
export type Ending = true | string

/**
 * Tells where in a chain, or in those it leads to, everything that is left is dropped; undefined: nowhere. Each chain is
 * looked at once, however many ways lead to it, also in a circle; and it does not matter how deep they are.
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
