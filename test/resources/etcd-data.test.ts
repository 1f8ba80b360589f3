import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { etcdFolder } from '../../src/resources/etcd/data.ts'
import { Sandbox } from './sandbox.ts'

test('a link in the place of the data folder of a member counts for the folder it leads to', async () => {
  const sandbox = new Sandbox()
  const disk = join(sandbox.root, 'disk')
  mkdirSync(disk, { mode: 0o755 })
  const data = sandbox.inside('/var/lib/etcd')
  mkdirSync(dirname(data), { recursive: true })
  symlinkSync(disk, data)
  expect((await sandbox.probe(etcdFolder())).split(' ')[1]).toBe('755')
  chmodSync(disk, 0o700)
  expect((await sandbox.probe(etcdFolder())).split(' ')[1]).toBe('700')
})

test.each(['member', 'member/wal', 'member/snap'])(
  'data of a member at a link that leads to another disk are refused before its unit fails to write there: %s',
  async name => {
    const sandbox = new Sandbox()
    const folder = etcdFolder()
    const data = sandbox.inside('/var/lib/etcd')
    const look = async (target: string) => {
      rmSync(data, { recursive: true, force: true })
      mkdirSync(dirname(join(data, name)), { recursive: true })
      chmodSync(data, 0o700)
      mkdirSync(target, { recursive: true })
      symlinkSync(target, join(data, name))
      const current = (await sandbox.probe(folder)).replaceAll(sandbox.root, '')
      return folder.diff(current, { mode: '700' }, { watched: [] })
    }
    expect(await look(join(sandbox.root, 'disk'))).toMatchObject({
      refused: {
        problem: `/var/lib/etcd/${name} is a link that leads out of /var/lib/etcd: etcd may write only in that folder.`,
        next: expect.stringContaining(`mounted at /var/lib/etcd/${name} itself, or at /var/lib/etcd`),
      },
    })
    expect((await look(join(data, 'elsewhere')))?.refused).toBeUndefined()
  },
)
