import type { FactModule } from '../core/facts.ts'
import { expectAtMost, expectThat, isText, longestPath } from './checks.ts'

// The kernel allows 32 (MAX_SWAPFILES).
const mostSwap = 100

export interface SwapFacts {
  /** Names of the swap devices and files that are active. */
  readonly swap: readonly string[]
}

export const swapFacts: FactModule<SwapFacts> = {
  script: `at swaps; [ ! -f /proc/swaps ] || all </proc/swaps
`,
  parse(sections) {
    const swap = sections('swaps')
      .slice(1)
      .map(line => unescapeOctal(line.split(/\s+/)[0] ?? ''))
      .filter(name => name !== '')
    expectAtMost(swap, mostSwap, 'swap devices')
    for (const name of swap) expectThat(isText(name, longestPath), 'a swap device', name)
    return { swap }
  },
}

// /proc/swaps writes blanks in file names as \040.
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}
