import { expect, test } from 'vitest'
import { LineSplitter } from '../../src/cli/terminal/line-splitter.ts'
import { redact, Secret } from '../../src/core/index.ts'

const value = 'QZJ7-KVXW-9YUG-HBPM'
new Secret(value, 'token')

test('a line that is handed on in parts has no Secret that lies across two of them', () => {
  for (let shift = -30; shift < 30; shift++) {
    const parts: string[] = []
    const lines = new LineSplitter(part => parts.push(part))
    const line = `${'~'.repeat(64 * 1024 + shift)}${value}${'~'.repeat(100)}`
    for (let at = 0; at < line.length; at += 13) lines.push(line.slice(at, at + 13))
    lines.end()
    expect(parts.join('')).toBe(line)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.map(redact).join('')).toContain('~<secret>~')
  }
})
