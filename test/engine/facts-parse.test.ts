import { describe, expect, test } from 'vitest'
import type { FactModule } from '../../src/core/facts.ts'
import { parseFacts } from '../../src/engine/facts-parse.ts'

const timing = { sentAt: 1_000_000, receivedAt: 1_000_200 }

const names: FactModule<{ readonly names: readonly string[] }> = {
  script: 'at names; ls /etc\n',
  parse: sections => ({ names: sections('names') }),
}
const content: FactModule<{ readonly content: string }> = {
  script: 'at content; base64 /etc/hosts\n',
  longSections: ['content'],
  parse: sections => ({ content: sections('content').join('') }),
}
const strict: FactModule<{ readonly number: number }> = {
  script: 'at number; nproc\n',
  parse(sections) {
    const number = Number(sections('number')[0])
    if (Number.isNaN(number)) throw new Error('its number cannot be right')
    return { number }
  },
}

test('facts are what each module of the list makes of its sections, and what the reading itself tells', () => {
  const stdout = '\n@@ number\n 4 \n\n@@ names\nb\n\na\n@@ end\n'
  expect(parseFacts('h', stdout, timing, [names, strict])).toEqual({
    host: 'h',
    clockOffsetMs: 0,
    roundTripMs: 200,
    names: ['b', 'a'],
    number: 4,
  })
})

test('what is asked of one host alone is among its facts', () => {
  const { content: found } = parseFacts('h', '\n@@ content\nYQ==\n@@ end\n', timing, [names], [content])
  expect(found).toBe('YQ==')
})

test('what a module refuses is an error of the host', () => {
  expect(() => parseFacts('h', '\n@@ number\nmany\n@@ end\n', timing, [names, strict])).toThrow('cannot be right')
})

test('output that does not reach its end is refused', () => {
  expect(() => parseFacts('h', '\n@@ names\na\n', timing, [names])).toThrow('end too early')
})

describe('a host that sends much occupies nobody', () => {
  test('of a line comes its beginning, of a whole file more', () => {
    const long = 'x'.repeat(1024 * 1024)
    const facts = parseFacts('h', `\n@@ names\n${long}\n@@ content\n${long}\n@@ end\n`, timing, [names, content])
    expect(facts.names[0]).toHaveLength(4096)
    expect(facts.content).toHaveLength(256 * 1024)
  })

  test('more lines than any host has are an error', () => {
    const stdout = `\n@@ names\n${'a\n'.repeat(50_000)}@@ end\n`
    expect(() => parseFacts('h', stdout, timing, [names])).toThrow('they have more than 40000 lines of "names"')
  })
})

describe('clocks', () => {
  const read = (begin: string, end: string) =>
    parseFacts('h', `\n@@ clock\n${begin}\n@@ clock-end\n${end}\n@@ end\n`, timing, [])

  test.each([
    ['the same', '1000.050', '1000.150', 0, 100],
    ['an hour ahead', '4600.050', '4600.150', 3_600_000, 100],
    ['behind', '990.050', '990.150', -10_000, 100],
    ['told by a date that does not know %N', '1000.%N', '1000', 400, 200],
  ])('are compared with that of the controller, also one that is %s', (_, begin, end, clockOffsetMs, roundTripMs) => {
    expect(read(begin, end)).toMatchObject({ clockOffsetMs, roundTripMs })
  })

  test('one that no machine has is an error', () => {
    expect(() => read('99999999999999999999', '99999999999999999999')).toThrow('its clock cannot be right: ')
  })
})
