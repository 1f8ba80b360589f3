import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withFileLock } from '../../src/cli/run/file-lock.ts'
import { UserError } from '../../src/core/index.ts'
import { temporaryFolder } from './run-cli.ts'

test('while a kubeconfig is changed, the lock that kubectl takes lies beside it, and none is left', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, '.kube', 'config')
  await withFileLock(path, async () => {
    expect((await stat(`${path}.lock`)).size).toBe(0)
  })
  const failed = withFileLock(path, () => Promise.reject(new Error('no kubeconfig')))
  await expect(failed).rejects.toThrow('no kubeconfig')
  expect(await readdir(join(folder.path, '.kube'))).toEqual([])
})

test('two who change the same file do so one after the other', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'config')
  await writeFile(path, '')
  const add = (text: string) =>
    withFileLock(path, async () => {
      const before = await readFile(path, 'utf8')
      await new Promise(resolve => setTimeout(resolve, 20))
      await writeFile(path, before + text)
    })
  await Promise.all(['a', 'b', 'c'].map(add))
  expect([...(await readFile(path, 'utf8'))].sort().join('')).toBe('abc')
})

test('a lock that somebody else keeps is waited for a little, then named, with what to do; it stays', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'my config')
  await writeFile(`${path}.lock`, '', { mode: 0 })
  let touched = false
  const work = async () => {
    touched = true
  }
  const error = await withFileLock(path, work, { waitMs: 100 }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(UserError)
  expect((error as UserError).details).toMatchObject({
    where: path,
    problem: expect.stringContaining('it was not touched'),
    actual: expect.stringContaining('my config.lock, made '),
    next: expect.stringContaining(`rm '${path}.lock'`),
  })
  expect(touched).toBe(false)
  await rm(`${path}.lock`)
})

test('a lock that goes away in time is no error', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'config')
  await writeFile(`${path}.lock`, '')
  setTimeout(() => void rm(`${path}.lock`), 100)
  expect(await withFileLock(path, () => Promise.resolve('done'))).toBe('done')
})

test('a lock that stays the same for long enough is of a program that was killed, whatever its date', async () => {
  await using folder = await temporaryFolder()
  const path = join(folder.path, 'config')
  await writeFile(`${path}.lock`, '')
  // The clock of a file server is an hour slow.
  const before = Date.now() / 1000 - 3600
  await utimes(`${path}.lock`, before, before)
  const taken = withFileLock(path, () => Promise.resolve('done'), { abandonedMs: 400, waitMs: 5_000 })
  await new Promise(resolve => setTimeout(resolve, 100))
  expect(await readdir(folder.path)).toEqual(['config.lock'])
  expect(await taken).toBe('done')
  expect(await readdir(folder.path)).toEqual([])
})
