import { expect, test } from 'vitest'
import { removeNetwork } from '../../src/local/network.ts'

/** A Docker whose network is removed after these answers of its API. */
function docker(...statuses: readonly number[]) {
  const left = [...statuses]
  const asked: string[] = []
  const remove = async () => {
    const statusCode = left.shift()
    if (statusCode !== undefined) throw Object.assign(new Error(`HTTP ${statusCode}`), { statusCode })
  }
  const getNetwork = (id: string) => {
    asked.push(id)
    return { remove }
  }
  return { docker: { getNetwork } as never, asked }
}

const network = { Id: '1', Name: 'evcctl-lab' }

test('a network is removed when the last container has left it, which somebody else removes at the same time', async () => {
  const given = docker(403, 403)
  await removeNetwork(given.docker, network)
  expect(given.asked).toEqual(['1', '1', '1'])
})

test('a network that is gone, or goes, is no error', async () => {
  await removeNetwork(docker(404).docker, network)
  await removeNetwork(docker(403, 404).docker, network)
})

test('a network that a container never leaves is named, with what to do', async () => {
  const given = docker(...Array.from({ length: 100 }, () => 403))
  await expect(removeNetwork(given.docker, network)).rejects.toMatchObject({
    details: { where: 'network evcctl-lab', next: expect.stringContaining('docker network inspect evcctl-lab') },
  })
})

test('any other answer is what it is', async () => {
  await expect(removeNetwork(docker(500).docker, network)).rejects.toThrow('HTTP 500')
})
