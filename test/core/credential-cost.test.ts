import { expect, test } from 'vitest'
import { withoutSecretLines } from '../../src/config/masking.ts'
import { hideCredentials } from '../../src/core/credential-text.ts'
import { hideCredential, withoutCredentials } from '../../src/core/credentials.ts'
import { fault, filled, type Text } from '../kit/costly.ts'

/*
 * A host may send texts that keep a pattern busy. Each text here repeats a beginning of what one of the patterns looks for, so that a
 * pattern that can begin in many places, or share out a run between two of its parts, takes far longer than the length of the text.
 */
const pieces = [
  ...[
    'token',
    '--token',
    '--token-',
    'token: a',
    'token=',
    'token:!',
    'token:|#',
    'token: [',
    '/x?token=',
    'auth: {',
    'auth:',
    'headers: ',
    'a["token"]',
    '[token]\n',
    'kind: Secret',
    '-su a:b \\',
    ': PSK ',
  ],
  ...['"token": "a", ', 'name: token', 'name: a,', 'value: a', '{name: token, value: a}', 'machine login password'],
  ...[
    '-u',
    '-u a:b',
    '://',
    'x://a:b@',
    'x://a?',
    'a@',
    'a:',
    '-----BEGIN PRIVATE KEY-----',
    'PRIVATE KEY',
    '-----END',
  ],
  ...['a\\', '\\"', '"""', '"', "'", '!a', '&a', '| ', '[', '{', '}', '- ', '#', '?', '@', '1'],
]
const between = ['', ' ', '\t', '-', '.', ':', '=', ',', '"', '/', '\n', '\r', '\u2028', '\u2029', '\v', '\f', '\0']
const repeated = pieces.flatMap(piece =>
  between.flatMap(separator => ['', 'token: '].map(begin => [begin, piece + separator, ' x y\nfoo]}"'] as const)),
)
// What stands between a beginning and an end that a pattern does not get past: of one that reads to the end of a line, each of these is
// one, and one that shares out the run before it begins again at each of its characters.
const begins = [
  '',
  'value:',
  'name:',
  'token:',
  '"token": "',
  '- ',
  '[a.token]\na=',
  'headers:',
  '? ',
  '--token ',
  'a: ',
  '"a"[',
]
const runs = [' ', '"', `'"`, '\t', '!a ', '#', '- ', '\\', '1']
const ends = ['\n', '\r\n', '\r', '\u2028', '\u2029', '\v', '\f', '\0', ' x']
const ended = begins.flatMap(begin => runs.flatMap(run => ends.map(end => [begin, run, end] as const)))
const texts: Readonly<Record<string, Text>> = Object.fromEntries(
  [...repeated, ...ended].map(([begin, unit, end]) => [JSON.stringify([begin, unit, end]), filled(unit, begin, end)]),
)

// A fourth of the length from which on a text is not shown at all: time in the square of this is seconds.
const most = 64 * 1024

test.each<[string, (text: string) => unknown]>([
  ['a text', hideCredentials],
  ['the path of a value', text => hideCredential(text, 'x')],
  ['the lines of cluster.yaml', withoutSecretLines],
])('hiding credentials in %s costs no more than in proportion to its length', { timeout: 300_000 }, (name, read) => {
  for (const [what, text] of Object.entries(texts))
    expect(fault({ name, most, read: given => void read(given) }, text), what).toBeUndefined()
})

test.each([
  ['blanks before a carriage return', `value:${' '.repeat(250_000)}\r\n`],
  ['blanks before a separator of lines', `value:${' '.repeat(250_000)}\u2028`],
  ['tags before a carriage return', `a: ${'!a '.repeat(80_000)}\rb`],
  ['comments before a separator of paragraphs', `a: !${'#'.repeat(250_000)}\u2029`],
])('the longest text that is shown may have a line of %s', (name, text) => {
  const read = (given: string) => void withoutCredentials({ action: 'run', fields: [], note: given })
  expect(fault({ name, most: text.length, read }, () => text)).toBeUndefined()
})

test('tags before a value are no reason to try all ways to divide them', () => {
  expect(hideCredentials(`token: ${'!a'.repeat(35)} x y\nfoo`)).toBe('token: <hidden>\nfoo')
})
