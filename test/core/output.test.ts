import { describe, expect, test } from 'vitest'
import { isUnknown, type Lookup, Output } from '../../src/core/output.ts'
import type { TaskId } from '../../src/core/task-id.ts'

const a = 'h/k:a' as TaskId
const b = 'h/k:b' as TaskId
const lookup: Lookup = id => (id === a ? { value: 2 } : { unknown: true, from: id })

describe('an Output', () => {
  test('gives the value of its task, and values made of it', () => {
    const output = Output.ofTask<number>(a)
    expect(output.resolve(lookup)).toBe(2)
    expect(output.map(value => value * 21).resolve(lookup)).toBe(42)
  })

  test('is unknown, naming the task, as long as its task has no value; nothing is made of it then', () => {
    const output = Output.ofTask<number>(b).map(() => {
      throw new Error('must not be called')
    })
    expect(output.resolve(lookup)).toEqual({ unknown: true, from: b })
  })

  test('made of several is known when all of them are', () => {
    const known = Output.all([Output.ofTask<number>(a), Output.ofTask<number>(a).map(String)])
    const values: readonly [number, string] | { unknown: true } = known.resolve(lookup)
    expect(values).toEqual([2, '2'])
    expect(isUnknown(Output.all([Output.ofTask(a), Output.ofTask(b)]).resolve(lookup))).toBe(true)
  })

  test('knows all the tasks it comes from', () => {
    expect(Output.all([Output.ofTask(a), Output.ofTask(b).map(String)]).from).toEqual([a, b])
  })
})

test.each([[undefined], [null], [0], [''], [{}], [{ unknown: false }]])('%j is not unknown', value => {
  expect(isUnknown(value)).toBe(false)
})
