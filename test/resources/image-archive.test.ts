import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { imageArchive } from '../../src/resources/artifacts/image-archive.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

const sha256 = 'a'.repeat(64)
const archive = (sum: string) =>
  imageArchive({
    store: 'containerd',
    name: 'pause.tar',
    source: { url: 'http://192.0.2.5/pause.tar' },
    sha256: sum,
    site: '192.0.2.5',
  })

function listed(present: readonly string[], recorded: readonly string[]): ProbeResult {
  const lines = [
    ...present,
    ...recorded.map(image => `/var/lib/evcctl/images/${sha256}:${image}`),
    `/var/lib/evcctl/images/${'b'.repeat(64)}:registry.k8s.io/other:1`,
  ]
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
}

const change = (raw: ProbeResult) => {
  const resource = archive(sha256)
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

test('an archive that was never loaded is loaded', () => {
  expect(change(listed(['registry.k8s.io/pause:3.10'], []))).toEqual({
    action: 'create',
    fields: [{ field: 'images', after: 'loaded' }],
    note: 'from 192.0.2.5',
  })
})

test('an image that the kubelet has removed since is named', () => {
  const images = ['registry.k8s.io/pause:3.10', 'registry.k8s.io/etcd:3.6']
  expect(change(listed(images, images))).toBeUndefined()
  expect(change(listed(images.slice(0, 1), images))?.fields).toEqual([
    { field: 'registry.k8s.io/etcd:3.6', before: 'missing', after: 'loaded' },
  ])
})

test('all archives of a host are asked for with one script', () => {
  expect(archive('b'.repeat(64)).probe.script).toBe(archive(sha256).probe.script)
})

test('what is downloaded is checked, imported and removed', async () => {
  const resource = archive(sha256)
  const [step] = resource.converge(stateOf(resource), resource.desired as never)
  if (step === undefined || !('run' in step)) throw new Error('expected a run step')
  await expect(step.run).toMatchFileSnapshot('../goldens/resources/image-archive.sh')
})

test.each([
  ['stays for the next try', 8_000_000, true],
  ['goes where the disk is nearly full', 900_000, false],
])('an archive that could not be loaded %s', async (_what, free, stays) => {
  const sandbox = new Sandbox()
  mkdirSync(sandbox.inside('/var/cache/evcctl'), { recursive: true })
  const part = sandbox.inside(`/var/cache/evcctl/${sha256}.part`)
  writeFileSync(part, 'archive')
  mkdirSync(join(sandbox.root, 'bin'))
  const program = (name: string, text: string) =>
    writeFileSync(join(sandbox.root, 'bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  program('ctr', 'echo "no space left on device" >&2; exit 1')
  program('df', `printf 'Filesystem\\n/dev/vda 1 1 ${free} 1%% /\\n'`)
  const source = { file: '/controller/pause.tar' }
  const resource = imageArchive({ store: 'containerd', name: 'pause.tar', source, sha256, site: 'local' })
  const load = resource.converge(stateOf(resource), resource.desired as never).at(-1)
  if (load === undefined || !('run' in load)) throw new Error('expected a run step')
  const script = load.run.replaceAll('/usr/local/bin/', '')
  const { exitCode, stderr } = await sandbox.sh(`set -eu\n${script}`, '', `${sandbox.root}/bin:`)
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('no space left')])
  expect(existsSync(part)).toBe(stays)
})
