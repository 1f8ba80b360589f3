import { expect, test } from 'vitest'
import { beginningOf } from '../../src/core/cut.ts'
import { withoutSequences } from '../../src/core/terminal-sequences.ts'
import { clean } from '../../src/engine/text.ts'
import { printable } from '../../src/report/printable.ts'
import { fault, filled } from '../kit/costly.ts'

test.each([
  ['a colour', '\u001b[1;31mx\u001b[0m'],
  ['a colour of many', '\u001b[38:2::1:2:3mx'],
  ['a movement', '\u001b[2J\u001b[Hx\u001b[3d'],
  ['a private mode', '\u001b[?25hx'],
  ['a shape of the cursor', '\u001b[1 qx'],
  ['a sequence by C1', '\u009b31mx\u009b2J'],
  ['a title that ends with BEL', '\u001b]0;title\u0007x'],
  ['a title that ends with ST', '\u001b]0;title\u001b\\x\u009d0;title\u009c'],
  ['a title in another script', '\u001b]0;日本\u0007x'],
  ['a link', '\u001b]8;;http://a/b\u001b\\x\u001b]8;;\u001b\\'],
  ['a command string', '\u001bP$q\u001b\\x\u001b^a\u001b\\\u001b_b\u009c\u001bXc\u001b\\\u0090d\u009c'],
  ['two characters', '\u001bc\u001b7\u001b=\u001bMx\u001b8'],
  ['a set of characters', '\u001b(Bx\u001b%G\u001b#8'],
])('%s is taken out whole', (_, text) => expect(withoutSequences(text)).toBe('x'))

test.each([
  ['that does not end', '\u001b]0;title'],
  ['that ends in the next line', '\u001b]0;\ntitle\u0007'],
  ['around words', '\u001b]w1 is lost, it was \u0007'],
  ['of which there is only the beginning', 'x\u001b[\nx\u001b\n\u009b'],
])('a sequence %s hides nothing', (_, text) => {
  expect(withoutSequences(text)).toBe(text)
  expect(printable(text)).toMatch(/^[^\p{Cc}]+(\n[^\p{Cc}]+)*$/u)
})

const esc = '\u001b'
const costly = {
  parameters: filled(';#', esc),
  'parameters of a sequence': filled('1;', `${esc}[`),
  'intermediate bytes': filled(' ', `${esc}[1`),
  blanks: filled(' ', esc),
  brackets: filled('[', esc),
  'begins of sequences': filled(`${esc}[1;`),
  'begins of sequences by C1': filled('\u009b1 '),
  'a title without an end': filled('a', `${esc}]`),
  'titles without an end': filled(`${esc}]0;`),
  'command strings by C1': filled('\u0090\u009d;'),
  'nothing but escapes': filled(esc),
}

test('taking terminal sequences out costs no more than in proportion to the length of the text', {
  timeout: 120_000,
}, () => {
  const most = 256 * 1024
  const readers = { withoutSequences, clean, printable, beginningOf: (text: string) => beginningOf(text, most) }
  for (const [name, read] of Object.entries(readers))
    for (const [of, text] of Object.entries(costly))
      expect(fault({ name, most, read }, text), `${name}: ${of}`).toBeUndefined()
})
