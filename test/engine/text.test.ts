import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { clean, cleanLine, tail } from '../../src/engine/text.ts'
import { LineThrottle } from '../../src/engine/throttle.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test.each([
  ['terminal sequences', '\u001b[2J\u001b]0;title\u0007text', 'text'],
  ['control characters', 'a\u0000b\u0008c\u009bd', 'abcd'],
  ['marks that reverse the direction', 'a\u202eb', 'ab'],
  ['what takes no place', 'a\u200b\u2060\ufeffb\u{e0041}', 'ab'],
  ['neither tabs nor line breaks', 'a\tb\nc', 'a\tb\nc'],
  ['Windows line ends', 'a\r\nb', 'a\nb'],
])('clean takes out %s', (_, text, expected) => {
  expect(clean(text)).toBe(expected)
})

test('a line is what a terminal would show of it last', () => {
  expect(cleanLine('  1 %\r 50 %\r100 %')).toBe('100 %')
  expect(cleanLine('done  \r')).toBe('done')
})

test('tail keeps the last lines and escapes what could hide something', () => {
  expect(tail('1\n2\n3\n', 2)).toBe('2\n3')
  expect(tail('bell \u0007')).toBe('bell \\x07')
})

test('tail hides a credential of which it cuts the name off', () => {
  expect(tail('password: |\n  1 s3cret\n  2 s3cret\nend\n', 2)).toBe('  <hidden>\nend')
})

test('the first line is shown at once, then the newest four times a second', () => {
  const shown: string[] = []
  const throttle = new LineThrottle(line => shown.push(line))
  for (const line of ['a', 'b', 'c']) throttle.push(line)
  expect(shown).toEqual(['a'])
  vi.advanceTimersByTime(250)
  expect(shown).toEqual(['a', 'c'])
  throttle.push('d')
  expect(shown).toEqual(['a', 'c'])
  vi.advanceTimersByTime(250)
  expect(shown).toEqual(['a', 'c', 'd'])
  vi.advanceTimersByTime(1000)
  throttle.push('e')
  expect(shown).toEqual(['a', 'c', 'd', 'e'])
})

test('the end of a throttle shows what was held back and leaves no timer', () => {
  const shown: string[] = []
  const throttle = new LineThrottle(line => shown.push(line))
  throttle.push('a')
  throttle.push('b')
  throttle.end()
  expect(shown).toEqual(['a', 'b'])
  expect(vi.getTimerCount()).toBe(0)
})
