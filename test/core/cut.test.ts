import { expect, test } from 'vitest'
import { afterCut, beforeCut, beginningOf, endOf } from '../../src/core/cut.ts'
import { UserError } from '../../src/core/errors.ts'
import { quoted } from '../../src/core/limits.ts'
import { Secret } from '../../src/core/secret.ts'
import { boundedDetails } from '../../src/core/shown.ts'
import { tail } from '../../src/engine/text.ts'
import { Tail } from '../../src/shell/collectors.ts'

// No part of this value is in the text around it.
const value = 'QZJ7-KVXW-9YUG-HBM'
new Secret(value, 'token')
const encoded = Buffer.from(value).toString('base64')

/** The first two neighbouring characters of a Secret, or of a form of it, that are also in the text. */
function told(text: string, of = value): string | undefined {
  return Array.from(of.slice(1), (_, at) => of.slice(at, at + 2)).find(part => text.includes(part))
}

// The Secret stands at every place around the cut.
const shifts = Array.from({ length: 60 }, (_, index) => index - 30)

test.each([
  ['the beginning of a text', (text: string) => beginningOf(text, 200), 200],
  ['the end of a text', (text: string) => endOf(text, 200), -200],
  ['what an error quotes', (text: string) => quoted(text), 4_000],
  ['the end of what a step printed', (text: string) => tail(text), -4_000],
  ['a part of an error', (text: string) => boundedDetails({ problem: text }).problem, 16_000 - '\n… and more'.length],
  ['the message of an error', (text: string) => new UserError({ problem: text }).message, 16_000],
  ['the end that is kept of a stream', streamEnd, -8 * 1024],
])('of a Secret that lies across the cut of %s nothing is told', (_, cut, at) => {
  for (const shift of shifts) {
    const [before, after] = at > 0 ? [at + shift, 20_000] : [20_000, -at + shift]
    const text = `${'~'.repeat(before)}${value}${'~'.repeat(after)}`
    // The mask itself has small letters only.
    expect(told(cut(text)), `shifted by ${shift}`).toBe(undefined)
  }
})

function streamEnd(text: string): string {
  const kept = new Tail()
  for (let at = 0; at < text.length; at += 7) kept.add(Buffer.from(text.slice(at, at + 7)))
  return kept.text().replace(value, '')
}

test('of an encoded Secret nothing is told either, nor of one with terminal sequences in it', () => {
  for (const shift of shifts) {
    const text = `${'~'.repeat(200 + shift)}${encoded}${'~'.repeat(1000)}`
    expect(told(beginningOf(text, 200), encoded)).toBe(undefined)
    const coloured = `${'~'.repeat(200 + shift)}${value.slice(0, 9)}\u001b[1m${value.slice(9)}${'~'.repeat(1000)}`
    expect(told(beginningOf(coloured, 200))).toBe(undefined)
  }
})

test('what is left of a Secret at a cut is taken off, and nothing else', () => {
  expect(beforeCut('a text QZJ7-KV')).toBe('a text ')
  expect(afterCut('UG-HBM a text')).toBe(' a text')
  expect(beforeCut('a text of ~')).toBe('a text of ~')
  expect(afterCut('~ a text')).toBe('~ a text')
})

test('the Secret of a program that prints again and again what it begins with is found as well', () => {
  new Secret('##+##+##+@@', 'odd')
  expect(beforeCut('~##+##+##+##+##')).toBe('~##+##+')
  expect(afterCut('##+@@##+@@~')).toBe('##+@@~')
})

test('a Secret of one character, in a text of the same, takes neither the stack nor long', () => {
  new Secret('111111', 'password')
  for (const length of [20_000, 100_000, 1_000_000]) {
    const text = '1'.repeat(length)
    expect(beginningOf(`${text} `, 4_000)).not.toContain('1')
    expect(endOf(` ${text}`, 4_000)).not.toContain('1')
    expect(tail(text)).not.toContain('1')
    expect([beforeCut(text), afterCut(text)].join('')).toBe('')
  }
})
