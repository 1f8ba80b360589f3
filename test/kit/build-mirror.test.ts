import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type BuildOptions, buildMirror, inputsOf } from './build-mirror.ts'
import type { Pins } from './module-file.ts'
import { openCommittedModule } from './modules.ts'
import { binaryParts, type Part } from './parts.ts'
import { run } from './process.ts'
import { Progress } from './progress.ts'
import { Stamps } from './stamps.ts'

/**
 * A stand-in for Go. It records what it has to build, then writes a file with the name of each package to the output
 * folder, one after the other. It fails before the package that $BREAK_AT names.
 */
const fakeGo = `#!/bin/sh
command=$1
[ "$command" = build ] || exit 0
for argument; do
  [ "$previous" = -o ] && out=$argument
  previous=$argument
  case $argument in -*|build|*/) continue ;; esac
  name=$(basename "$(echo "$argument" | sed 's,/v[0-9]*$,,')")
  [ "$name" = "$(cat "$BREAK_AT")" ] && { echo "no space left" >&2; exit 1; }
  echo "$name" >> "$BUILT"
  echo "program $name" > "$out$name.tmp" && mv "$out$name.tmp" "$out$name"
  echo "$argument" >&2
done
`

let folder: string
let parts: readonly Part[]
let options: BuildOptions

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kit-build-'))
  const command = join(folder, 'go')
  await writeFile(command, fakeGo)
  await chmod(command, 0o755)
  const mirror = join(folder, 'mirror')
  await mkdir(mirror)
  const module = await openCommittedModule()
  const env = { BUILT: join(folder, 'built'), BREAK_AT: join(folder, 'break-at') }
  options = {
    cache: folder,
    mirror,
    arch: 'amd64',
    stamps: new Stamps(mirror),
    progress: new Progress(() => undefined),
    getGo: async () => ({ command, version: '1.26.8', env }),
    pauseSource: '',
    modules: [module],
  }
  parts = binaryParts(module.pins as Required<Pins>, 'amd64')
  await breakAt('')
})
afterEach(() => rm(folder, { recursive: true }))

const breakAt = (name: string): Promise<void> => writeFile(join(folder, 'break-at'), name)

async function builtSoFar(): Promise<string[]> {
  const names = await readFile(join(folder, 'built'), 'utf8').catch(() => '')
  await rm(join(folder, 'built'), { force: true })
  return names
    .trim()
    .split('\n')
    .filter(name => name !== '')
}

async function freshFiles(): Promise<string[]> {
  const fresh: string[] = []
  for (const part of parts) {
    const stamp = await options.stamps.fresh(part.file, await inputsOf(part, options))
    if (stamp !== undefined) fresh.push(part.file)
  }
  return fresh
}

test('all parts are made and stamped, archives as upstream has them', async () => {
  await buildMirror(parts, options)
  expect(await freshFiles()).toEqual(parts.map(part => part.file))
  const contents = async (ending: string): Promise<string[]> => {
    const { file } = parts.find(part => part.file.endsWith(ending))!
    return (await run(['tar', '-tzf', join(options.mirror, file)])).split('\n')
  }
  expect(await contents('containerd-2.3.4-linux-amd64.tar.gz')).toEqual([
    'bin/',
    'bin/containerd',
    'bin/containerd-shim-runc-v2',
    'bin/ctr',
  ])
  expect(await contents('.tgz')).toEqual(expect.arrayContaining(['./bridge', './host-local', './portmap']))
  const etcd = `etcd-v${options.modules[0]!.pins.etcd}-linux-amd64`
  expect(await contents(`${etcd}.tar.gz`)).toEqual(expect.arrayContaining([`${etcd}/etcd`, `${etcd}/etcdctl`]))
})

test('what was finished before a build broke off is kept, and only the rest is built afterwards', async () => {
  await breakAt('kubectl')
  await expect(buildMirror(parts, options)).rejects.toThrow('no space left')
  expect(await builtSoFar()).toEqual(['kubeadm', 'kubelet'])
  expect(await freshFiles()).toEqual(parts.slice(0, 2).map(part => part.file))
  await breakAt('')
  await buildMirror(parts, options)
  expect(await builtSoFar()).not.toContain('kubeadm')
  expect(await freshFiles()).toHaveLength(parts.length)
})

test('a file that was lost is packed again without building anything', async () => {
  await buildMirror(parts, options)
  await builtSoFar()
  const lost = parts[3]!
  await rm(join(options.mirror, lost.file))
  expect(await freshFiles()).not.toContain(lost.file)
  await buildMirror([lost], options)
  expect(await builtSoFar()).toEqual([])
  expect(await freshFiles()).toHaveLength(parts.length)
})

test('other pins make everything outdated', async () => {
  await buildMirror(parts, options)
  const [module] = options.modules
  options = { ...options, modules: [{ ...module!, key: 'another go.sum' }] }
  expect(await freshFiles()).toEqual([])
})
