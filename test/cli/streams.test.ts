import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { isBehind, passOut, printJson, printLine, writeError, writeOut } from '../../src/cli/terminal/streams.ts'
import { Secret } from '../../src/core/index.ts'

let shown = ''
beforeEach(() => {
  shown = ''
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation(text => {
      shown += String(text)
      return true
    })
})
afterEach(() => void vi.restoreAllMocks())

test.each([
  ['writeOut', writeOut],
  ['writeError', writeError],
  ['printLine', printLine],
])('%s lets colours through and nothing else that moves a terminal, nor a Secret', (_, print) => {
  new Secret('open sesame', 'a')
  print('\u001b[1;31mred\u001b[0m \u001b[2Jtop\u001b]0;title\u0007 \u009b1A\u202eopen sesame\ttab')
  expect(shown.trimEnd()).toBe('\u001b[1;31mred\u001b[0m \\x1b[2Jtop\\x1b]0;title\\x07 \\x9b1A\\u202e<secret>  tab')
})

test('JSON is masked before it is JSON', () => {
  new Secret('say "friend"', 'a')
  printJson({ line: 'say "friend"\u009b' })
  expect(shown).toBe('{"line":"<secret>\\u009b"}\n')
})

test('what is asked for as it is, is passed on as it is', () => {
  passOut('a\tb\u001b[2J')
  expect(shown).toBe('a\tb\u001b[2J')
})

test('the reader of standard output is behind once more waits for it than a pipe holds', () => {
  const waiting = vi.spyOn(process.stdout, 'writableLength', 'get').mockReturnValue(64 * 1024)
  expect(isBehind()).toBe(false)
  waiting.mockReturnValue(512 * 1024)
  expect(isBehind()).toBe(true)
})
