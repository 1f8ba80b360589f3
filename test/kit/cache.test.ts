import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { cacheFolder, takeLock } from './cache.ts'
import { run } from './process.ts'
import { Stamps } from './stamps.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-cache-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('the cache lies outside the repository, where the environment says', () => {
  expect(cacheFolder({ EVCCTL_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a')
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe('/b/evcctl-kit')
  expect(cacheFolder({})).toMatch(/\/\.cache\/evcctl-kit$/)
})

describe('lock', () => {
  const nobody = (): never => {
    throw new Error('nobody holds the lock')
  }

  test('a second holder waits, and is told for whom', async () => {
    const file = join(folder, 'lock')
    const order: string[] = []
    const first = await takeLock(file, nobody)
    const second = takeLock(file, holder => order.push(`waiting for ${holder}`)).then(async lock => {
      order.push('second')
      await lock[Symbol.asyncDispose]()
    })
    await vi.waitFor(() => expect(order).toHaveLength(1), 10_000)
    order.push('first ends')
    await first[Symbol.asyncDispose]()
    await second
    expect(order).toEqual([`waiting for ${process.pid}`, 'first ends', 'second'])
  })

  test('the lock of a process that was killed is free', async () => {
    const file = join(folder, 'lock')
    const program = `import { takeLock } from ${JSON.stringify(new URL('cache.ts', import.meta.url).href)}
await takeLock(${JSON.stringify(file)}, () => {})
process.kill(process.pid, 'SIGKILL')`
    await expect(run([process.execPath, '--input-type=module', '--eval', program])).rejects.toThrow()
    await using _lock = await takeLock(file, () => undefined)
    expect(await readFile(file, 'utf8')).toBe(String(process.pid))
  })

  test('many at once hold it one after the other', async () => {
    const file = join(folder, 'lock')
    let holders = 0
    let most = 0
    const work = async (): Promise<void> => {
      await using _lock = await takeLock(file, () => undefined)
      most = Math.max(most, ++holders)
      await new Promise(resolve => setTimeout(resolve, 5))
      holders--
    }
    await Promise.all([work(), work(), work()])
    expect(most).toBe(1)
  })
})

describe('stamps', () => {
  const file = 'dl.k8s.io/kubeadm'
  let stamps: Stamps
  let path: string

  beforeEach(async () => {
    const mirror = join(folder, 'mirror')
    path = join(mirror, file)
    await run(['install', '-D', '/dev/null', path])
    await writeFile(path, 'kubeadm')
    stamps = new Stamps(mirror)
    await stamps.finish(file, 'inputs')
  })

  test('a finished file stays finished for the same inputs only', async () => {
    expect(await stamps.fresh(file, 'inputs')).toMatchObject({ size: 7 })
    expect(await stamps.fresh(file, 'other inputs')).toBeUndefined()
  })

  test('a file that was never finished is not fresh, although it is there', async () => {
    await stamps.forget(file)
    expect(await stamps.fresh(file, 'inputs')).toBeUndefined()
    expect(await stamps.checksums()).toBe('')
  })

  test('a file that was touched or taken away is not fresh', async () => {
    await utimes(path, 1, 1)
    expect(await stamps.fresh(file, 'inputs')).toBeUndefined()
    await rm(path)
    expect(await stamps.fresh(file, 'inputs')).toBeUndefined()
    expect(await stamps.checksums()).toBe('')
  })

  test('the checksums file is what sha256sum checks', async () => {
    await writeFile(join(folder, 'mirror/SHA256SUMS'), await stamps.checksums())
    expect(await run(['sha256sum', '-c', 'SHA256SUMS'], { cwd: join(folder, 'mirror') })).toBe(`${file}: OK`)
  })
})
