import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type ImageStore, imageStores } from '../../src/resources/artifacts/image-stores.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { sh } from '../kit/local-sh.ts'

/** A folder with programs that stand for those of the host; a script is run as if it lay at /. */
async function pretend(programs: Readonly<Record<string, string>>) {
  const folder = await temporaryFolder()
  const bin = join(folder.path, 'bin')
  mkdirSync(bin)
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  return {
    path: folder.path,
    run: (script: string) =>
      sh(`set -eu\n${script.replaceAll('/var/lib/evcctl/images', folder.path).replaceAll('/usr/local/bin', bin)}`, {
        path: bin,
      }),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

/** Writes an archive as docker save does, and gives its path. */
function dockerArchive(folder: string, tags: readonly (readonly string[] | null)[], gzip: boolean): string {
  const manifest = tags.map(RepoTags => ({ Config: 'c.json', RepoTags, Layers: ['l.tar'] }))
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
  const part = join(folder, 'part')
  execFileSync('tar', ['-C', folder, gzip ? '-czf' : '-cf', part, 'manifest.json'])
  return part
}

const listed: readonly (readonly [store: ImageStore, program: string, says: string])[] = [
  ['containerd', 'ctr', "echo 'registry.k8s.io/pause:3.10.2'; echo 'docker.io/library/a:1'"],
  [
    'cri-o',
    'crictl',
    "echo 'IMAGE                    TAG     IMAGE ID      SIZE'\necho 'registry.k8s.io/pause    3.10.2  873ed75102791 320kB'\necho 'docker.io/library/a      1       873ed75102792 320kB'",
  ],
  [
    'docker',
    'curl',
    `echo '[{"Id":"sha256:1","RepoTags":["registry.k8s.io/pause:3.10.2","docker.io/library/a:1"]},{"Id":"sha256:2","RepoTags":[]}]'`,
  ],
]

test.each(listed)('%s tells which images it has', async (store, program, says) => {
  await using host = await pretend({ [program]: says })
  const lines = host.run(imageStores[store].list).stdout.split('\n')
  expect(lines.filter(line => line !== '')).toEqual(['registry.k8s.io/pause:3.10.2', 'docker.io/library/a:1'])
})

test.each(listed)('%s that does not answer has none', async (store, program) => {
  await using host = await pretend({ [program]: 'echo no connection >&2; exit 1' })
  expect(host.run(imageStores[store].list)).toMatchObject({ exitCode: 0, stdout: '' })
})

test.each([false, true])('CRI-O gets every name of an archive from skopeo (gzip: %s)', async gzip => {
  await using host = await pretend({ skopeo: `echo "$@" >>"$(dirname "$0")/../said"` })
  const tags = [['registry.k8s.io/pause:3.10.2', 'busybox:1'], null, ['ada/tool:2', 'localhost:5000/x:3']]
  const part = dockerArchive(host.path, tags, gzip)
  const { exitCode, stderr } = host.run(`part=${part}\n${imageStores['cri-o'].load()}`)
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  const names = [
    'registry.k8s.io/pause:3.10.2',
    'docker.io/library/busybox:1',
    'docker.io/ada/tool:2',
    'localhost:5000/x:3',
  ]
  expect(readFileSync(join(host.path, '.next'), 'utf8')).toBe(`${names.join('\n')}\n`)
  const said = readFileSync(join(host.path, 'said'), 'utf8').trim().split('\n')
  expect(said[1]).toBe(
    `--policy /etc/crio/policy.json copy --quiet docker-archive:${part}:busybox:1 containers-storage:docker.io/library/busybox:1`,
  )
  expect(said).toHaveLength(4)
})

test('an archive that skopeo refuses fails', async () => {
  await using host = await pretend({ skopeo: 'echo no such image >&2; exit 1' })
  const part = dockerArchive(host.path, [['a.example/b:1']], false)
  expect(host.run(`part=${part}\n${imageStores['cri-o'].load()}`)).toMatchObject({
    exitCode: 1,
    stderr: 'no such image\n',
  })
})

const saidByDocker = [
  String.raw`echo '{"stream":"Loaded image: registry.k8s.io/pause:3.10.2\n"}'; echo '{"stream":"Loaded image: busybox:1\n"}'`,
  `echo '{"errorDetail":{"message":"open /manifest.json: no such file"},"error":"open /manifest.json: no such file"}'`,
] as const

test('Docker says itself what it loaded', async () => {
  await using host = await pretend({ curl: saidByDocker[0].replaceAll('echo', "printf '%s\\n'") })
  expect(host.run(`part=x\n${imageStores.docker.load()}`).exitCode).toBe(0)
  expect(readFileSync(join(host.path, '.next'), 'utf8')).toBe('registry.k8s.io/pause:3.10.2\nbusybox:1\n')
})

test('what Docker cannot load is an error, with its words', async () => {
  await using host = await pretend({ curl: saidByDocker[1].replaceAll('echo', "printf '%s\\n'") })
  const { exitCode, stderr } = host.run(`part=x\n${imageStores.docker.load()}`)
  expect(exitCode).toBe(1)
  expect(stderr).toContain('open /manifest.json: no such file')
})
