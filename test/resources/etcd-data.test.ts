import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { etcdFolder } from '../../src/resources/etcd-data.ts'
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
