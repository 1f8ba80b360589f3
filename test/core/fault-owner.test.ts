import { expect, test } from 'vitest'
import { handToOwner, withFaultOwner, withoutFaultOwner } from '../../src/core/fault-owner.ts'

test('an exception goes to the owner in whose time it is thrown, but for what is begun there for somebody else', () => {
  const taken: unknown[] = []
  const owner = (error: unknown) => taken.push(error)
  expect(withFaultOwner(owner, () => handToOwner('mine'))).toBe(true)
  expect(withFaultOwner(owner, () => withoutFaultOwner(() => handToOwner('of another host')))).toBe(false)
  expect(handToOwner('of nobody')).toBe(false)
  expect(taken).toEqual(['mine'])
})
