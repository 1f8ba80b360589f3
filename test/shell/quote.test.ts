import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { quote, quoteAll } from '../../src/shell/quote.ts'
import { shells } from './local.ts'

describe('quote', () => {
  it('puts a word in single quotes', () => {
    expect(quote("it's")).toBe("'it'\\''s'")
    expect(quoteAll(['a b', '$HOME', ''])).toBe("'a b' '$HOME' ''")
  })

  it.each(shells)('comes through %s exactly, whatever it holds', (command, ...args) => {
    const text = fc.string({ unit: 'binary', maxLength: 40 }).filter(word => !word.includes('\0'))
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), words => {
        const script = `for word in ${quoteAll(words)}; do printf '%s\\n--\\n' "$word"; done`
        const { stdout } = spawnSync(command as string, [...(args as string[]), '-s'], { input: script })
        expect(stdout.toString()).toBe(words.map(word => `${word}\n--\n`).join(''))
      }),
      { numRuns: 15 },
    )
  })
})
