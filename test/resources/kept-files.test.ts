import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { keptFolder, putBackFunction, putBackMark } from '../../src/resources/systemd/kept-files.ts'
import { Sandbox } from './sandbox.ts'

const unit = 'kubelet.service'
const files = ['/var/lib/kubelet/config.yaml', '/var/lib/kubelet/kubeadm-flags.env']

test.each([
  ['whose former one is kept', true],
  ['that was not there before', false],
])(
  'a folder in the place of a file %s is told of, stays as it is, and is no file that was put back',
  async (_what, kept) => {
    const sandbox = new Sandbox()
    const [path = '', other = ''] = files.map(file => sandbox.inside(file))
    const proven = sandbox.inside(keptFolder(unit))
    mkdirSync(join(path, 'inside'), { recursive: true })
    mkdirSync(dirname(`${proven}${path}`), { recursive: true })
    if (kept) writeFileSync(`${proven}${path}`, 'former')
    for (const file of [other, `${proven}${other}`]) {
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, 'same')
    }
    const script = `set -eu\n${putBackFunction([{ unit, files, watches: files }])}if put_back; then echo back; else echo none; fi`
    const { stdout, stderr } = await sandbox.sh(script)
    expect(stdout).toBe('none\n')
    expect(stderr).toMatch(kept ? /could not be put back/ : /Is a directory/)
    expect(readdirSync(path)).toEqual(['inside'])
  },
)

test('a file that cannot be put back is told, and keeps neither the others nor the restart from coming', async () => {
  const sandbox = new Sandbox()
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  for (const path of files.map(file => sandbox.inside(file))) {
    write(path, 'new')
    write(`${sandbox.inside(keptFolder(unit))}${path}`, 'former')
  }
  write(sandbox.inside('/var/lib/evcctl/started/x'), '')
  const bin = join(sandbox.root, 'bin')
  mkdirSync(bin)
  const program = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  program('cp', `case $* in *config.yaml.evcctl) echo 'no space left' >&2; exit 1;; esac; exec /bin/cp "$@"`)
  program('systemctl', `echo "$*" >>${sandbox.root}/asked`)
  const script = `set -eu\n${putBackFunction([{ unit, files, watches: files }])}put_back && echo back`
  const { exitCode, stdout, stderr } = await sandbox.sh(script, '', `${bin}:`)
  expect([exitCode, stdout]).toEqual([0, 'back\n'])
  expect(stderr).toContain(`${sandbox.inside(files[0]!)} could not be put back`)
  expect(stderr).toContain(`${putBackMark}${sandbox.inside(files[1]!)}`)
  expect(files.map(path => readFileSync(sandbox.inside(path), 'utf8'))).toEqual(['new', 'former'])
  expect(readFileSync(join(sandbox.root, 'asked'), 'utf8')).toContain(`restart -- ${unit}`)
})
