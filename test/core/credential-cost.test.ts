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
const between = ['', ' ', '\t', '-', '.', ':', '=', ',', '"', '/', '\n']
const texts: Readonly<Record<string, Text>> = Object.fromEntries(
  pieces.flatMap(piece =>
    between.flatMap(separator =>
      ['', 'token: ', '"token": "'].map(begin => [
        JSON.stringify([begin, piece + separator]),
        filled(piece + separator, begin, ' x y\nfoo]}"'),
      ]),
    ),
  ),
)

// From this length on, a text is not shown at all.
const most = 256 * 1024

test.each<[string, (text: string) => unknown]>([
  ['a text', hideCredentials],
  ['the path of a value', text => hideCredential(text, 'x')],
  ['a note', note => withoutCredentials({ action: 'run', fields: [], note })],
  ['the lines of cluster.yaml', withoutSecretLines],
])('hiding credentials in %s costs no more than in proportion to its length', { timeout: 300_000 }, (name, read) => {
  for (const [what, text] of Object.entries(texts))
    expect(fault({ name, most, read: given => void read(given) }, text), what).toBeUndefined()
})

test('tags before a value are no reason to try all ways to divide them', () => {
  expect(hideCredentials(`token: ${'!a'.repeat(35)} x y\nfoo`)).toBe('token: <hidden>\nfoo')
})
