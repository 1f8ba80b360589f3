import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settleScript } from '../../src/resources/systemd/settle.ts'
import { Sandbox } from './sandbox.ts'

const unit = 'etcd.service'

/** What systemctl is asked for where the unit is being started by somebody, for long. */
async function asked(stamp: 'none' | 'of these files' | 'of earlier ones'): Promise<string> {
  const sandbox = new Sandbox()
  const bin = join(sandbox.root, 'bin')
  mkdirSync(bin)
  mkdirSync(sandbox.inside('/var/lib/evcctl/started'), { recursive: true })
  const path = `/var/lib/evcctl/started/${unit}`
  if (stamp !== 'none') writeFileSync(sandbox.inside(path), stamp === 'of these files' ? 'etcd 1\n' : 'etcd 0\n')
  const program = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  program('stat', 'echo etcd 1')
  program(
    'systemctl',
    `cd ${sandbox.root}
case $* in
  start* | restart*) echo "$1" >>asked; echo active >state;;
  'show -p ActiveState'*) cat state 2>/dev/null || echo activating;;
  'show -p Type'*) echo notify;;
  'show -p NRestarts'*) echo 0;;
esac`,
  )
  const script = settleScript({
    unit,
    state: 'running',
    enabled: false,
    masked: false,
    files: ['/usr/local/bin/etcd'],
    action: 'start',
    seconds: 5,
  })
  const { exitCode } = await sandbox.sh(`set -eu\n${script}`, '', `${bin}:`)
  expect(exitCode).toBe(0)
  return readFileSync(join(sandbox.root, 'asked'), 'utf8').trim()
}

test('a unit that is being started with the files from before is restarted, so that the new ones count', async () => {
  expect(await asked('of earlier ones')).toBe('restart')
  expect(await asked('of these files')).toBe('start')
  expect(await asked('none')).toBe('start')
})
