import { expect, test } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { Secret } from '../../src/core/secret.ts'
import type { TaskId } from '../../src/core/task-id.ts'
import { createEventStream } from '../../src/engine/events.ts'

async function texts(events: AsyncIterable<Event>): Promise<string[]> {
  const found: string[] = []
  for await (const event of events) if (event.type === 'note') found.push(event.text)
  return found
}

const note = (text: string) => ({ type: 'note', text }) as const

test('every reader gets every event in order, at its own pace', async () => {
  const stream = createEventStream()
  const fast = texts(stream.events())
  const slow = stream.events()
  stream.emit(note('1'))
  await Promise.resolve()
  stream.emit(note('2'))
  stream.emit(note('3'))
  stream.end()
  expect(await fast).toEqual(['1', '2', '3'])
  expect(await texts(slow)).toEqual(['1', '2', '3'])
})

test('a reader begins when it is made, not when it first reads', async () => {
  const stream = createEventStream()
  stream.emit(note('before'))
  const reader = stream.events()
  stream.emit(note('after'))
  stream.end()
  expect(await texts(reader)).toEqual(['after'])
})

test('a reader that leaves early leaves the others alone', async () => {
  const stream = createEventStream()
  const all = texts(stream.events())
  const leaving = stream.events()
  stream.emit(note('1'))
  for await (const event of leaving) if (event.type === 'note') break
  stream.emit(note('2'))
  stream.end()
  expect(await all).toEqual(['1', '2'])
})

test('an event that comes while a reader waits wakes it', async () => {
  const stream = createEventStream()
  const reader = stream.events()
  const next = reader.next()
  stream.emit(note('now'))
  expect((await next).value).toMatchObject({ type: 'note', text: 'now' })
  stream.end()
  expect((await reader.next()).done).toBe(true)
})

test('after the end nothing is added and readers end', async () => {
  const stream = createEventStream()
  stream.end()
  stream.emit(note('late'))
  expect(await texts(stream.events())).toEqual([])
})

test('taps have an event before emit returns', () => {
  const seen: Event[] = []
  const stream = createEventStream({ name: 'seen', take: event => seen.push(event) })
  stream.emit(note('1'))
  expect(seen).toHaveLength(1)
  expect(seen[0]!.at).toBeGreaterThan(1_600_000_000_000)
})

test('Secrets and control characters do not get through, however deep', () => {
  const seen: Event[] = []
  const stream = createEventStream({ name: 'seen', take: event => seen.push(event) })
  const token = new Secret('abcdef.0123456789abcdef', 'bootstrap token')
  const task = 'h/entry:a' as TaskId
  stream.emit({
    type: 'task:end',
    task,
    host: 'h',
    role: 'r',
    title: 'entry a',
    result: 'failed',
    ms: 1,
    change: { action: 'update', fields: [{ field: 'token', before: token, after: { unknown: true, from: task } }] },
    error: { problem: 'bad \u001b[31mtoken\u001b[0m abcdef.0123456789abcdef\u0007', actual: 'two\nlines' },
  })
  expect(seen[0]).toMatchObject({
    change: { fields: [{ field: 'token', before: '<bootstrap token>', after: { unknown: true, from: task } }] },
    error: { problem: 'bad token <secret>', actual: 'two\nlines' },
  })
  expect(JSON.stringify(seen)).not.toContain('0123456789')
})

test('a tap that throws is told once, gets nothing more, and disturbs neither the others nor who emits', async () => {
  const seen: string[] = []
  let tries = 0
  const full = () => {
    tries++
    throw new Error('ENOSPC: no space left on device, write')
  }
  const take = (event: Event) => void seen.push(event.type === 'note' ? event.text : event.type)
  const stream = createEventStream({ name: 'The journal of this run', take: full }, { name: 'seen', take })
  const read = texts(stream.events())
  stream.emit(note('1'))
  stream.emit(note('2'))
  stream.end()
  const told = 'The journal of this run ends here: ENOSPC: no space left on device, write'
  expect(await read).toEqual(['1', told, '2'])
  expect(seen).toEqual(['1', told, '2'])
  expect(tries).toBe(1)
})

test('a change is told without the credentials of what was there and of what comes', async () => {
  const taken: Event[] = []
  const stream = createEventStream({ name: 'The journal', take: event => taken.push(event) })
  const fields = [{ field: 'content', before: 'auth = "YWRhOnB3"\n', after: 'password: "pass word"\n' }]
  const task = 'cp1/file:/etc/x' as TaskId
  const change = { action: 'update', fields } as const
  stream.emit({ type: 'task:end', task, host: 'cp1', role: 'os', title: 'x', result: 'changed', ms: 1, change })
  expect(JSON.stringify(taken)).toContain('<hidden>')
  expect(JSON.stringify(taken)).not.toMatch(/YWRh|pass word/)
})

test('no event has a credential that a host has printed into an error or a note', () => {
  const taken: Event[] = []
  const stream = createEventStream({ name: 'taken', take: event => void taken.push(event) })
  const error = {
    problem: 'It failed: https://ada:s3cret@gate/',
    expected: 'an answer of https://ada:s3cret@gate/',
    actual: 'exit code 1\r\n\u001b[1mtoken\u001b[0m: s3cret\r\n+ curl -u ada:s3cret https://gate/\r\nAPI_TOKEN=s3cret',
  }
  const task = 'cp1/file:/etc/x' as TaskId
  stream.emit({ type: 'task:end', task, host: 'cp1', role: 'os', title: 'x', result: 'failed', ms: 1, error })
  stream.emit({ type: 'host:failed', host: 'cp1', error })
  stream.emit(note(`It could not be recorded: ${error.actual}`))
  expect(JSON.stringify(taken)).not.toContain('s3cret')
  expect(taken[0]).toMatchObject({
    error: { actual: expect.stringContaining('exit code 1\ntoken: <hidden>\n+ curl -u <hidden>') },
  })
})
