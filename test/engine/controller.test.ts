import { networkInterfaces } from 'node:os'
import { expect, test, vi } from 'vitest'
import { isDeadHere, thisController } from '../../src/engine/controller.ts'

vi.mock('node:fs', async original => ({
  ...(await original<typeof import('node:fs')>()),
  readFileSync: () => {
    throw new Error('no /proc')
  },
  readlinkSync: () => {
    throw new Error('no /proc')
  },
}))
vi.mock('node:os', async original => ({
  ...(await original<typeof import('node:os')>()),
  networkInterfaces: vi.fn(),
}))

const card = (mac: string) => ({ en0: [{ mac, internal: false }] }) as unknown as ReturnType<typeof networkInterfaces>

test('two machines of one name that have no /proc are two, and a dead process is known on its own only', () => {
  vi.mocked(networkInterfaces).mockReturnValue(card('00:00:5e:00:53:01'))
  const holder = { ...thisController('run'), pid: 2 ** 22 + 1 }
  expect(isDeadHere(holder)).toBe(true)
  vi.mocked(networkInterfaces).mockReturnValue(card('00:00:5e:00:53:02'))
  expect(isDeadHere(holder)).toBe(false)
})
