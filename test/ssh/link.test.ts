import { describe, expect, it } from 'vitest'
import { Link } from '../../src/ssh/link.ts'
import { signal } from './support.ts'

class Thing {
  alive = true
  async close(): Promise<void> {
    this.alive = false
  }
}

/** A link whose things are made when the test says so, whatever their signals say. */
function slowLink() {
  const making: ((thing: Thing) => void)[] = []
  const link = new Link(() => new Promise<Thing>(resolve => making.push(resolve)))
  return { link, making }
}

describe('a link', () => {
  it('keeps one thing only, also when one is made that nobody waits for any more', async () => {
    const { link, making } = slowLink()
    const left = new AbortController()
    const first = link.get(left.signal)
    left.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    const second = link.get(signal)
    const [early, late] = [new Thing(), new Thing()]
    making[0]!(early)
    await expect.poll(() => link.current).toBe(early)
    making[1]!(late)
    expect(await second).toBe(early)
    expect([early.alive, late.alive]).toEqual([true, false])
  })

  it('leaves nothing open that is made after it was closed', async () => {
    const { link, making } = slowLink()
    const left = new AbortController()
    const first = link.get(left.signal)
    left.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    await link.close()
    const late = new Thing()
    making[0]!(late)
    await expect.poll(() => late.alive).toBe(false)
  })
})
