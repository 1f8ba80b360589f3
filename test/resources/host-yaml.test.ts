import { expect, test } from 'vitest'
import { parsedLength } from '../../src/core/limits.ts'
import { hostYaml, keptJson } from '../../src/resources/support/host-yaml.ts'

const nested = (open: string, close: string, levels: number) => open.repeat(levels) + close.repeat(levels)

test.each([
  ['lists', nested('[', ']', 150)],
  ['mappings', `${'{a: '.repeat(150)}1${'}'.repeat(150)}`],
  ['lists on one line', `${'- '.repeat(150)}a`],
  ['keys that are mappings', `${'? '.repeat(150)}a`],
  ['tags and anchors in between', `${'- !a &b '.repeat(150)}a`],
  ['lists by indentation', Array.from({ length: 150 }, (_, level) => `${' '.repeat(level)}-\n`).join('')],
  ['mappings by indentation', Array.from({ length: 150 }, (_, level) => `${' '.repeat(level)}a:\n`).join('')],
  ['lists within a quoted key', `"a": ${nested('[', ']', 150)}`],
  ['lists in a later document', `a: 1\n---\n${nested('[', ']', 150)}`],
])('of a host, %s nested too deeply are no YAML', (_, text) => {
  expect(hostYaml(text)).toBeUndefined()
})

test('what is nested as deeply as no file of a cluster is still read', () => {
  expect(hostYaml(nested('[', ']', 90))).toHaveLength(1)
  expect(hostYaml(`${'- '.repeat(90)}a`)).toHaveLength(1)
  expect(keptJson(`{"a": ${nested('[', ']', 90)}}`)).toBeDefined()
})

test('brackets and dashes in texts and comments do not count', () => {
  const many = '[{ '.repeat(300)
  const text = `# ${many}\na: "${many}"\nb: '${many}'\nc: |\n  ${many}\n  ${'- '.repeat(300)}\nd: >-\n  ${many}\ne: x${'- '.repeat(300)}\n`
  expect(Object.keys(hostYaml(text) as object)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('what a host has kept as JSON is not read when it is nested too deeply', () => {
  expect(keptJson(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`)).toBeUndefined()
})

test('what is longer than any document or record is not parsed', () => {
  const isRead = (read: (text: string) => unknown, length: number) =>
    read(`{"a":"${'x'.repeat(length - '{"a":""}'.length)}"}`) !== undefined
  const { document, record } = parsedLength
  expect([isRead(hostYaml, document), isRead(hostYaml, document + 1)]).toEqual([true, false])
  expect([isRead(keptJson, record), isRead(keptJson, record + 1)]).toEqual([true, false])
})
