import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/index.ts'
import {
  columnsOf,
  cut,
  formatClock,
  formatDuration,
  jsonLine,
  outputLine,
  printable,
  printableLine,
  table,
  wantsColour,
  wrap,
} from '../../src/report/index.ts'

describe('JSON for programs', () => {
  test('keeps the control characters of hosts as escapes, so that nothing reaches a terminal', () => {
    const line = jsonLine({ text: 'a\u009b31m\u202eb\u200bc\u0007\u{e0041}' })
    expect(line).toMatch(/^[ -~]+$/)
    expect(JSON.parse(line)).toEqual({ text: 'a\u009b31m\u202eb\u200bc\u0007\u{e0041}' })
  })

  test('masks Secrets before they are JSON, in values alone, and stays JSON', () => {
    new Secret('x"y\\z\nend', 'token')
    // A password may be a word that is the name of a field: programs read it by that name.
    new Secret('cluster', 'sudo password')
    const line = jsonLine({
      said: 'got x"y\\z\nend!',
      list: ['x"y\\z\nend'],
      cluster: 1,
      secret: new Secret('abcdefg', 'key'),
    })
    expect(JSON.parse(line)).toEqual({ said: 'got <secret>!', list: ['<secret>'], cluster: 1, secret: '<key>' })
  })
})

test.each([
  [0, '0.0 s'],
  [612, '0.6 s'],
  [9_949, '9.9 s'],
  [9_960, '10 s'],
  [59_499, '59 s'],
  [59_700, '1 min 0 s'],
  [112_000, '1 min 52 s'],
  [3_780_000, '1 h 3 min'],
])('%i ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text))

test.each([
  [0, '0:00'],
  [72_900, '1:12'],
  [3_723_000, '1:02:03'],
])('%i ms on the clock is %s', (ms, text) => expect(formatClock(ms)).toBe(text))

describe('text of hosts', () => {
  test('loses its escape sequences and shows other control characters', () => {
    expect(printable('\u001b[31mred\u001b[0m\u0008\u009b\u202e')).toBe('red\\x08\\x9b\\u202e')
    expect(printable('a\r\nb\tc')).toBe('a\nb  c')
  })

  test('of a progress bar is what it showed last', () => {
    expect(printableLine('\r 10 %\r 20 %\r')).toBe('20 %')
    expect(printableLine('')).toBe('')
  })

  test.each(['\u200b', '\u200d', '\u2060', '\ufeff', '\u061c', '\u00ad', '\u{e0041}', '\u180e'])(
    'shows what takes no place and could make two names look the same: %j',
    invisible => expect(printable(`w1${invisible}x`)).toMatch(/^w1\\[xu][0-9a-f]+x$/),
  )

  test('cannot hide a Secret by escape sequences within it, or around it', () => {
    new Secret('battery staple', 'token')
    expect(printable('battery \u001b[1mstaple')).not.toContain('staple')
    expect(printable('\u001b]0;battery staple')).not.toContain('staple')
  })

  test('has Secrets masked', () => {
    const secret = new Secret('correct horse', 'token')
    expect(printable(`--token ${secret.map(value => value).label} correct horse`)).toBe('--token token <secret>')
  })
})

test.each([
  [
    'time="2026-11-21T10:15:03.123Z" level=info msg="apply failure, attempting \\"cleanup\\"" error="x"',
    'apply failure, attempting "cleanup"',
  ],
  ['time="2026-11-21T10:15:03Z" level=warning msg="skipping the content"', 'warning: skipping the content'],
  ['level=error msg=refused', 'error: refused'],
  ['I1121 10:15:03.123456   12345 join.go:419] [preflight] found it', '[preflight] found it'],
  ['W1121 10:15:03.123456       7 version.go:109] could not fetch', 'warning: could not fetch'],
  [
    '{"level":"warn","ts":"2026-11-21T10:15:03Z","caller":"a.go:1","msg":"slow \\n fdatasync","took":"1s"}',
    'warn: slow   fdatasync',
  ],
  ['state=not ready', 'not ready'],
  ['said=curl: (7) Failed to connect', 'curl: (7) Failed to connect'],
  ['[kubelet-check] The kubelet is healthy after 1.5s', '[kubelet-check] The kubelet is healthy after 1.5s'],
  ['12 of 46 MB, level=low', '12 of 46 MB, level=low'],
])('the output line %s reads %s', (line, text) => expect(outputLine(line)).toBe(text))

test('text is cut by the columns it takes, not by its length', () => {
  expect(cut('日本語テキスト', 7)).toBe('日本語…')
  expect(columnsOf(cut('x\u001b[31m'.repeat(20), 10))).toBe(10)
  expect(cut('abc', 0)).toBe('')
})

test('words are wrapped, and longer ones kept whole', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('a verylongword b', 4)).toEqual(['a', 'verylongword', 'b'])
})

test('tables align their columns', () => {
  expect(
    table([
      ['a', 'bb', 'c'],
      ['aaa', 'b', ''],
      ['日', 'b', 'c'],
    ]),
  ).toEqual(['a    bb  c', 'aaa  b', '日   b   c'])
})

test.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: '1' }, false],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
  [{ isTTY: false }, {}, false],
  [{ isTTY: false }, { FORCE_COLOR: '1' }, true],
  [{ isTTY: true }, { FORCE_COLOR: '0' }, false],
])('a terminal %j with the environment %j has colour: %s', (stream, env, wanted) =>
  expect(wantsColour(stream, env)).toBe(wanted),
)
