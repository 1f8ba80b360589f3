import { chmod, chown, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test, vi } from 'vitest'
import { compileCacheFolder } from '../../src/cli/compile-cache.ts'
import { temporaryFolder } from './run-cli.ts'

async function home() {
  const folder = await temporaryFolder()
  return { ...folder, cache: join(folder.path, '.cache', 'evcctl', 'compiled') }
}

describe('the compile cache', () => {
  test('is a folder of the user alone', async () => {
    await using its = await home()
    expect(compileCacheFolder({}, its.path)).toBe(its.cache)
    expect((await lstat(its.cache)).mode & 0o777).toBe(0o700)
    expect(compileCacheFolder({}, its.path)).toBe(its.cache)
  })

  test('follows XDG_CACHE_HOME, where that is absolute', async () => {
    await using its = await home()
    const elsewhere = join(its.path, 'elsewhere')
    expect(compileCacheFolder({ XDG_CACHE_HOME: elsewhere }, its.path)).toBe(join(elsewhere, 'evcctl', 'compiled'))
    expect(compileCacheFolder({ XDG_CACHE_HOME: 'elsewhere' }, its.path)).toBe(its.cache)
  })

  test.each(['.cache', '.cache/evcctl', '.cache/evcctl/compiled'])(
    'is not used where others can write to %s',
    async part => {
      await using its = await home()
      compileCacheFolder({}, its.path)
      for (const mode of [0o770, 0o707]) {
        await chmod(join(its.path, part), mode)
        expect(compileCacheFolder({}, its.path)).toBeUndefined()
      }
    },
  )

  test('does not follow a link of its own name, and may lie behind another', async () => {
    await using its = await home()
    await mkdir(join(its.path, 'planted'), { mode: 0o700 })
    await mkdir(join(its.path, '.cache', 'evcctl'), { recursive: true, mode: 0o700 })
    await symlink(join(its.path, 'planted'), its.cache)
    expect(compileCacheFolder({}, its.path)).toBeUndefined()

    await symlink(join(its.path, 'planted'), join(its.path, 'home'))
    expect(compileCacheFolder({}, join(its.path, 'home'))).toBe(
      join(its.path, 'planted', '.cache', 'evcctl', 'compiled'),
    )
  })

  test('is not used, and nothing is made, in what belongs to somebody else', async () => {
    await using its = await home()
    if (process.getuid?.() === 0) await chown(its.path, 1234, 1234)
    const uid = vi.spyOn(process as Required<typeof process>, 'getuid').mockReturnValue(4321)
    try {
      expect(compileCacheFolder({}, its.path)).toBeUndefined()
      expect(await readdir(its.path)).toEqual([])
    } finally {
      uid.mockRestore()
    }
  })

  test.each(['', 'relative'])('is not used where the home folder is %j', home => {
    expect(compileCacheFolder({}, home)).toBeUndefined()
  })

  test('is not used where it cannot be made', async () => {
    await using its = await home()
    await writeFile(join(its.path, '.cache'), '')
    expect(compileCacheFolder({}, its.path)).toBeUndefined()
    expect(await readdir(its.path)).toEqual(['.cache'])
  })

  test('is the only one that the installed command switches on', async () => {
    const text = await readFile(fileURLToPath(new URL('../../bin/run.js', import.meta.url)), 'utf8')
    expect(text.match(/enableCompileCache.*/g)).toEqual(['enableCompileCache?.(folder)'])
  })
})
