import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readFileOrPipe, readLocalFile } from '../../src/core/local-file.ts'

const patience = { emptyMs: 1_000, totalMs: 1_500 }
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'evcctl-local-file-'))
})
afterAll(() => rm(folder, { recursive: true }))

function pipe(name: string): string {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return path
}

describe.each([
  ['a file', async (path: string, most: number) => readLocalFile(path, most)],
  ['a file or pipe', (path: string, most: number) => readFileOrPipe(path, most, patience)],
])('%s of this machine', (_, read) => {
  test('is read whole, up to a bound', async () => {
    const path = join(folder, 'some')
    await writeFile(path, 'x'.repeat(200 * 1024))
    expect(await read(path, 200 * 1024)).toHaveLength(200 * 1024)
    await expect(read(path, 195 * 1024)).rejects.toMatchObject({
      code: 'EFBIG',
      message: expect.stringContaining('195 KiB'),
    })
    expect(String(await read('/proc/self/comm', 100))).not.toBe('')
  })

  test('is not read where it is huge, a device or a folder', async () => {
    const path = join(folder, 'huge')
    await writeFile(path, '')
    await truncate(path, 1e12)
    await expect(read(path, 1_000)).rejects.toMatchObject({ code: 'EFBIG' })
    await expect(read('/dev/zero', 1_000)).rejects.toMatchObject({ code: 'ENOTFILE' })
    await expect(read(folder, 1_000)).rejects.toMatchObject({ code: 'EISDIR' })
    await expect(read(join(folder, 'none'), 1_000)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await read('/dev/null', 1_000)).toHaveLength(0)
  })
})

test('a pipe is not waited for where a file is wanted', () => {
  expect(() => readLocalFile(pipe('unwanted'), 1_000)).toThrow('It is a pipe, not a file')
})

describe('a pipe', () => {
  const write = (path: string, script: string) => spawn('sh', ['-c', script, 'sh', path], { stdio: 'ignore' })

  test('is read until its writer ends, which may take a while', async () => {
    const path = pipe('slow')
    write(path, 'exec >"$1"; printf one; sleep 0.3; printf two')
    expect(String(await readFileOrPipe(path, 1_000, patience))).toBe('onetwo')
  })

  test('is left at the bound', async () => {
    const path = pipe('endless')
    write(path, 'cat /dev/zero >"$1"')
    await expect(readFileOrPipe(path, 100_000, patience)).rejects.toMatchObject({ code: 'EFBIG' })
  })

  test('that nobody writes to is empty, and one that does not end is left', async () => {
    expect(await readFileOrPipe(pipe('nobody'), 1_000, patience)).toHaveLength(0)
    const path = pipe('silent')
    const writer = write(path, 'exec >"$1"; exec sleep 30')
    await expect(readFileOrPipe(path, 1_000, patience)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    writer.kill()
  })
})
