import { expect, test } from 'vitest'
import { UserError } from '../../src/core/errors.ts'
import { boundedDetails, firstOf } from '../../src/core/shown.ts'

const many = Array.from({ length: 130_000 }, (_, index) => `/etc/cni/net.d/${index}.conf`)

test('a list that a host has made long is shown by its begin and how many more there are', () => {
  expect(firstOf(['a', 'b', 'c'], 2)).toEqual(['a', 'b', 'c'])
  expect(firstOf(['a', 'b', 'c', 'd'], 2)).toEqual(['a', 'b', 'and 2 more'])
})

test('an error is no longer than a person or a program can make use of, and stays as it is when it is cut again', () => {
  const { details, message } = new UserError({
    problem: 'Files.',
    actual: many.join('\n'),
    next: 'x'.repeat(1_000_000),
  })
  expect(details.actual?.split('\n').slice(-2)).toEqual(['/etc/cni/net.d/199.conf', 'and 129800 more'])
  expect(message.length).toBeLessThan(40_000)
  expect(boundedDetails(details)).toEqual(details)
})
