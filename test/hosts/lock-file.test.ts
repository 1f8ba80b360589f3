import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { artifact } from '../../src/catalog/index.ts'
import { parseLock } from '../../src/config/index.ts'
import { exitCodes } from '../../src/core/errors.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { serveFolder } from '../kit/http-server.ts'
import { type DummyMirror, makeDummyMirror } from './kit/dummy-mirror.ts'
import { clusterOf, failureOf, openScene, printed, type Scene, stackTrace } from './kit/scene.ts'
import { startHosts } from './kit/start-hosts.ts'

/** A patch that the catalog never has. */
const version = '1.36.99'
const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const programs = ['kubelet', 'kubeadm', 'kubectl'] as const

let hosts: LocalHosts
let scene: Scene
let mirror: DummyMirror

beforeAll(async () => {
  scene = await openScene()
  const [started, made] = await Promise.all([
    startHosts({ hosts: [{ name: 'cp1', roles: ['control-plane'] }] }),
    makeDummyMirror(join(scene.folder, 'mirror')),
  ])
  hosts = started
  mirror = made
})

afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]()
  await scene?.[Symbol.asyncDispose]()
})

const pathOf = (name: (typeof programs)[number]) => artifact(name, version, architecture).path
const sum = (text: string) => createHash('sha256').update(text).digest('hex')

/** Puts a program and its checksum file into the mirror, as the release site has them. */
async function release(name: (typeof programs)[number], content: string): Promise<void> {
  const file = join(mirror.folder, pathOf(name))
  await mkdir(dirname(file), { recursive: true })
  await Promise.all([writeFile(file, content), writeFile(`${file}.sha256`, sum(content))])
}

test('a version that the catalog lacks is pinned by the first apply, and nothing else is installed from then on', async () => {
  for (const name of programs) await release(name, `${name} as released`)
  await using server = await serveFolder({ folder: mirror.folder, host: hosts.gateway })
  const others = Object.entries(mirror.checksums).filter(([path]) => !path.startsWith('dl.k8s.io/'))
  const kubernetes = { version, kubeletConfiguration: { failCgroupV1: false } }
  const artifacts = { mirror: server.url, checksums: Object.fromEntries(others) }
  const file = await scene.write('cluster.yaml', clusterOf(hosts, [{ name: 'cp1' }], { kubernetes, artifacts }))
  const lock = join(scene.folder, 'cluster.lock.yaml')

  const plan = await scene.run('plan', file)
  expect(plan.stdout).toContain(`looked up at ${new URL(server.url).host}: kubelet ${version}`)
  expect(existsSync(lock)).toBe(false)

  // Between the plan and the download the mirror gets another program.
  server.faults.set(`/${pathOf('kubectl')}`, 'corrupt')
  const first = await scene.run('apply', file, '--yes')
  expect(first.exitCode).toBe(exitCodes.failed)
  expect(first.stdout).toContain(`Recorded in cluster.lock.yaml: kubelet ${version}`)
  expect(failureOf(first, 'artifact kubectl')).toContain(`expected  sha256 ${sum('kubectl as released')}`)
  const { artifacts: locked } = parseLock(await readFile(lock, 'utf8'), lock)
  expect(locked.kubectl?.[version]).toEqual({
    from: new URL(server.url).host,
    [architecture]: sum('kubectl as released'),
  })

  // The site serves another program now, and its checksum with it: what is recorded counts.
  server.faults.clear()
  await release('kubectl', 'kubectl of somebody else')
  const second = await scene.run('apply', file, '--yes')
  const refused = failureOf(second, 'artifact kubectl')
  expect(refused).toContain(`expected  sha256 ${sum('kubectl as released')}`)
  expect(refused).toContain(`actual    sha256 ${sum('kubectl of somebody else')}`)
  expect((await hosts.exec('cp1', 'ls /usr/local/bin/kubectl')).exitCode).not.toBe(0)
  const asked = () => server.requests.filter(({ path }) => path.endsWith('.sha256')).length
  const before = asked()

  await release('kubectl', 'kubectl as released')
  await scene.run('apply', file, '--yes')
  expect((await hosts.exec('cp1', 'cat /usr/local/bin/kubectl')).stdout).toBe('kubectl as released')
  expect((await scene.run('plan', file)).stdout).not.toContain('looked up')
  expect(asked()).toBe(before)
  for (const outcome of [plan, first, second]) expect(printed(outcome)).not.toMatch(stackTrace)
})
