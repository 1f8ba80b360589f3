import { expect, test } from 'vitest'
import { Lanes } from '../../src/engine/lanes.ts'

const pause = () => new Promise(resolve => setImmediate(resolve))

test('work of one host runs one after the other, also after a failure', async () => {
  const lanes = new Lanes()
  const order: string[] = []
  const work =
    (name: string, fails = false) =>
    async () => {
      order.push(`${name} begins`)
      await pause()
      order.push(`${name} ends`)
      if (fails) throw new Error(name)
    }
  const results = await Promise.allSettled([lanes.run('h', work('a', true)), lanes.run('h', work('b'))])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends'])
})

test('hosts work side by side up to the cap, the most important of the waiting first', async () => {
  const lanes = new Lanes(2)
  const order: string[] = []
  let running = 0
  let most = 0
  const run = (host: string, priority: number) =>
    lanes.run(
      host,
      async () => {
        order.push(host)
        most = Math.max(most, ++running)
        await pause()
        running--
      },
      priority,
    )
  await Promise.all([run('a', 0), run('b', 0), run('c', 0), run('d', 5)])
  expect(most).toBe(2)
  expect(order).toEqual(['a', 'b', 'd', 'c'])
})
