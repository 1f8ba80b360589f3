import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUnknown, type ProbeResult, type Task } from '../../src/index.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { tasks, wantedOf, wordsOf } from './every-probe.ts'

const value = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '-1',
    '1e999',
    'yes',
    'absent',
    'none',
    'active',
    'null',
    '{}',
    '[]',
    '"',
    "'",
    '../..',
    '$(reboot)',
  ),
  fc.constantFrom(
    '192.0.2.11',
    'not ready',
    'regular file',
    'directory',
    '644 root root',
    'LS0tLS1CRUdJTg==',
    '9'.repeat(400),
  ),
  anyText(40),
)

// What an API server might say to the paths that are asked for.
const object = fc.oneof(
  fc.constant(null),
  fc.anything({ maxDepth: 2 }),
  fc.record(
    {
      metadata: fc.oneof(
        fc.anything({ maxDepth: 1 }),
        fc.record({ name: value, labels: fc.anything({ maxDepth: 1 }) }),
      ),
      items: fc.oneof(
        fc.anything({ maxDepth: 1 }),
        fc.array(fc.oneof(fc.constant(null), fc.record({ metadata: fc.record({ name: value }) }))),
      ),
      data: fc.oneof(fc.anything({ maxDepth: 1 }), fc.dictionary(value, value)),
      spec: fc.anything({ maxDepth: 2 }),
      status: fc.anything({ maxDepth: 2 }),
    },
    { requiredKeys: [] },
  ),
)

function answerOf(task: Task): fc.Arbitrary<ProbeResult> {
  const { keys, paths } = wordsOf(task.resource.probe.script)
  const line = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom(...keys), value).map(([key, text]) => `${key}=${text}`) },
    { weight: 1, arbitrary: value },
  )
  const asked = fc
    .array(
      fc.tuple(
        fc.constantFrom(...(paths.length > 0 ? paths : ['/x'])),
        object,
        fc.constantFrom('200', '404', '000', '500'),
      ),
    )
    .map(
      list =>
        `api=asked\n${list.map(([path, body, code]) => `${json(body)}\n\n${code} https://127.0.0.1:7443${path}\n`).join('')}`,
    )
  const stdout = fc.oneof(
    fc.array(line, { maxLength: 12 }).map(lines => `${lines.join('\n')}\n`),
    asked,
    anyText(200),
  )
  return fc.record({ exitCode: fc.constantFrom(0, 0, 0, 1, 7, 127, 1000), stdout, stderr: value })
}

function json(body: unknown): string {
  try {
    return JSON.stringify(body) ?? 'null'
  } catch {
    return '{'
  }
}

// What JavaScript says of a mistake, not what a parser says of an answer.
const slip =
  /Cannot (read|convert|set|destructure)|is not (a function|iterable|a valid|defined)|undefined|Invalid time value|Reduce of empty|Maximum call stack/

const handedOn =
  /^[^:]+:[^ ]+: (?:[\x20-\x7e\n\t]*-----BEGIN [A-Z ]+-----\n[A-Za-z0-9+/=\n]+-----END [A-Z ]+-----[\x20-\x7e\n\t]*|sha256:[0-9a-f]{64}|\/[\w./@-]+|https:\/\/[\w.:[\]-]+)$/

test('whatever a host answers, each task has a state or an error in words, and comparing it makes no mistake', {
  timeout: 3_600_000,
}, () => {
  expect(tasks.length).toBeGreaterThan(60)
  // By number: a task as it is would fill the screen.
  const given = fc.nat(tasks.length - 1).chain(number => fc.tuple(fc.constant(number), answerOf(tasks[number]!)))
  fc.assert(
    fc.property(given, ([number, raw]) => {
      const task = tasks[number]!
      const { probe, desired } = task.resource
      let current: unknown
      try {
        current = probe.parse(raw)
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        expect(`${task.id}: ${(error as Error).message}`).not.toMatch(slip)
        return
      }
      const wanted = wantedOf(desired)
      let output: unknown
      try {
        const change = task.resource.diff(current, wanted, { watched: [] })
        // Steps are only made when all that they need is known.
        const known = !Object.values(wanted).some(isUnknown)
        if (change !== undefined && change.refused === undefined && known) task.resource.converge(current, wanted)
        output = task.resource.output?.(current)
      } catch (error) {
        expect(`${task.id}: ${(error as Error).message}`).not.toMatch(slip)
      }
      // Other hosts get it in files, certificates and scripts.
      for (const text of Object.values((output ?? {}) as object)) expect(`${task.id}: ${text}`).toMatch(handedOn)
    }),
    fuzzing('answers of hosts', 3000),
  )
})
