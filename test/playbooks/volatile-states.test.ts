import { expect, test } from 'vitest'
import { tasks } from './every-probe.ts'

/** What a script prints that is another value each time, although nobody has changed anything. */
const passing = /\bdate\b|\/proc\/uptime|\$RANDOM|\$\$|\bps -/

// A saved plan of them would be refused each time.
test('a probe that reads a clock names the field of its state that it gets into', () => {
  const found = tasks.filter(({ resource }) => passing.test(resource.probe.script))
  expect(found.map(({ resource }) => resource.kind).sort()).toContain('certificate')
  const unnamed = found.filter(({ resource }) => (resource.volatile ?? []).length === 0)
  expect(unnamed.map(({ id }) => id)).toEqual([])
})

test('pods and nodes of which Kubernetes says something else by itself do not make a saved plan stale', () => {
  const placement = tasks.find(({ id }) => id.endsWith('/cluster DNS:placement'))
  expect(placement?.resource.volatile).toEqual(['pods', 'nodes'])
})
