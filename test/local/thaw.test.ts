import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { thaw } from '../../src/local/thaw.ts'
import { temporaryFolder } from '../kit/folder.ts'

test('what is frozen of a container is let go on, with both kinds of cgroups, and nothing of another one', async () => {
  await using folder = await temporaryFolder()
  const files: Readonly<Record<string, readonly [string, string]>> = {
    'freezer/docker/abc/kubepods/pod1/freezer.state': ['FROZEN\n', 'THAWED'],
    'freezer/docker/abc/freezer.state': ['THAWED\n', 'THAWED\n'],
    'freezer/docker/other/freezer.state': ['FROZEN\n', 'FROZEN\n'],
    'system.slice/docker-abc.scope/kubepods/cgroup.freeze': ['1\n', '0'],
    'system.slice/docker-abc.scope/cgroup.freeze': ['0\n', '0\n'],
  }
  for (const [name, [before]] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true })
    await writeFile(join(folder.path, name), before)
  }
  await thaw('abc', folder.path)
  for (const [name, [, after]] of Object.entries(files))
    expect([name, await readFile(join(folder.path, name), 'utf8')]).toEqual([name, after])
  await expect(thaw('nothing', folder.path)).resolves.toBeUndefined()
})
