import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, type ExpectStatic, test } from 'vitest'
import { exitCodes } from '../../src/core/errors.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { type Fault, type FolderServer, serveFolder } from '../kit/http-server.ts'
import { startEvcctl } from '../kubernetes/kit/evcctl.ts'
import { type DummyMirror, makeDummyMirror } from './kit/dummy-mirror.ts'
import { clusterOf, failureOf, openScene, printed, type Scene, stackTrace } from './kit/scene.ts'
import { startHosts } from './kit/start-hosts.ts'

const names = ['wrong', 'down', 'cut', 'stalled', 'full', 'pushed'] as const
type Name = (typeof names)[number]

let hosts: LocalHosts
let scene: Scene
let mirror: DummyMirror

beforeAll(async () => {
  scene = await openScene()
  const [started, made] = await Promise.all([
    startHosts({ hosts: names.map(name => ({ name, roles: ['control-plane'] as const })) }),
    makeDummyMirror(join(scene.folder, 'mirror')),
  ])
  hosts = started
  mirror = made
})

afterAll(async () => {
  await hosts?.[Symbol.asyncDispose]()
  await scene?.[Symbol.asyncDispose]()
})

type Artifact = Parameters<DummyMirror['path']>[0]

/** Serves the mirror to the hosts, on a port of its own for each test. */
function serve(faults: Partial<Record<Artifact, Fault>> = {}, port = 0): Promise<FolderServer> {
  const byPath = Object.entries(faults).map(([name, fault]) => [`/${mirror.path(name as Artifact)}`, fault] as const)
  return serveFolder({ folder: mirror.folder, host: hosts.gateway, port, faults: Object.fromEntries(byPath) })
}

/** The cluster.yaml of one host that is a cluster of its own. */
function clusterFile(name: Name, artifacts: object): Promise<string> {
  const spec = { artifacts: { checksums: mirror.checksums, ...artifacts } }
  return scene.write(`${name}.yaml`, clusterOf(hosts, [{ name }], spec))
}

async function linesOn(name: Name, command: string): Promise<string[]> {
  const { stdout } = await hosts.exec(name, command)
  return stdout.split('\n').filter(line => line !== '')
}

const installedAs: Partial<Record<Artifact, string>> = {
  kubeadm: '/usr/local/bin/kubeadm',
  kubelet: '/usr/local/bin/kubelet',
  kubectl: '/usr/local/bin/kubectl',
  runc: '/usr/local/sbin/runc',
}

/** The name of the artifact on the host. */
const installedName = (artifact: Artifact): string => (artifact === 'etcd' ? 'etcd-tools' : artifact)

/** What is installed, and that nothing else lies about: no program in part, no record of one, nothing in the cache. */
async function expectInstalled(expect: ExpectStatic, name: Name, artifacts: readonly Artifact[]): Promise<void> {
  const there = await linesOn(name, `ls -d ${Object.values(installedAs).join(' ')} 2>/dev/null`)
  const wanted = artifacts.flatMap(artifact => installedAs[artifact] ?? [])
  expect(there.sort()).toEqual(wanted.sort())
  for (const artifact of artifacts) {
    const path = installedAs[artifact]
    if (path === undefined) continue
    expect(await linesOn(name, `sha256sum <${path} | cut -c 1-64`)).toEqual([mirror.sha256(artifact)])
  }
  expect((await linesOn(name, 'ls -A /var/lib/evcctl/artifacts 2>/dev/null')).sort()).toEqual(
    artifacts.map(installedName).sort(),
  )
  expect(await linesOn(name, 'ls -d /usr/local/*/*.evcctl-new /opt/cni/bin/*.evcctl-new 2>/dev/null')).toEqual([])
}

const inCache = (name: Name): Promise<string[]> => linesOn(name, 'ls -A /var/cache/evcctl 2>/dev/null')
const everything: readonly Artifact[] = ['cni-plugins', 'etcd', 'kubeadm', 'kubectl', 'kubelet', 'runc']

/** An apply after all is fixed but for containerd, which no mirror of these tests has: nothing comes of it but downloads. */
async function expectMended(expect: ExpectStatic, name: Name, file: string): Promise<void> {
  const outcome = await scene.run('apply', file, '--yes')
  const failed = outcome.stdout.split('\n').filter(line => line.startsWith('  ✘ '))
  expect(failed).toEqual([`  ✘ ${name}  artifact containerd`])
  await expectInstalled(expect, name, everything)
  expect(await inCache(name)).toEqual([])
  expect(await linesOn(name, 'ls /run/evcctl | grep down')).toEqual([])
}

describe('a download that fails says what and why, leaves nothing half done, and the next run goes on', () => {
  test.concurrent('a wrong checksum, no such file, no access, a server with an error', async ({ expect }) => {
    await using server = await serve({ kubeadm: 'corrupt', runc: 403, kubectl: 503 })
    const file = await clusterFile('wrong', { mirror: server.url })
    const outcome = await scene.run('apply', file, '--yes')
    expect(outcome).toMatchObject({ exitCode: exitCodes.failed, stderr: '' })
    expect(outcome.stdout).not.toMatch(stackTrace)
    const site = server.url.replace('http://', '')
    const url = (name: Artifact) => `${server.url}/${mirror.path(name)}`

    const checksum = failureOf(outcome, 'artifact kubeadm')
    expect(checksum).toContain('The download has another checksum than expected, so it was deleted.')
    expect(checksum).toContain(`expected  sha256 ${mirror.sha256('kubeadm')} from ${site}`)
    expect(checksum).toMatch(/actual {4}sha256 [0-9a-f]{64} \(1 kB; a proxy on the way may change downloads\)/)
    expect(checksum).toContain(`curl -fsSL '${url('kubeadm')}' | sha256sum`)
    expect(checksum).toContain('spec.artifacts.checksums')

    const missing = failureOf(outcome, 'artifact containerd')
    expect(missing).toContain(`${site} does not have this file (HTTP 404).`)
    expect(missing).toContain(`expected  ${url('containerd')}`)
    expect(missing).toContain(
      'Check the version in cluster.yaml, and the layout of the mirror: <mirror>/<host>/<path>.',
    )

    const refused = failureOf(outcome, 'artifact runc')
    expect(refused).toContain(`${site} refuses this file (HTTP 403).`)
    expect(refused).toContain('Check the credentials in the URL of the mirror')

    const broken = failureOf(outcome, 'artifact kubectl')
    expect(broken).toContain(`The download from ${site} failed.`)
    expect(broken).toMatch(/actual .*returned error: 503/)
    expect(broken).toContain(`curl -fL -o /dev/null '${url('kubectl')}'`)

    // What comes with all its bytes is not fetched a second time; a server that is in trouble is.
    const asked = (name: Artifact) => server.requests.filter(({ path }) => path === `/${mirror.path(name)}`).length
    expect([asked('kubeadm'), asked('runc'), asked('kubectl')]).toEqual([1, 1, 4])
    expect(outcome.stdout).toContain(`When it is fixed: evcctl apply ${file} `)
    await expectInstalled(expect, 'wrong', ['cni-plugins', 'etcd', 'kubelet'])
    expect(await inCache('wrong')).toEqual([])

    server.faults.clear()
    await expectMended(expect, 'wrong', file)
  })

  test.concurrent('a mirror that is down', async ({ expect }) => {
    // The local proxy is tried by curl, too: what counts is what goes into a file.
    const counting =
      '#!/bin/sh\ncase "$*" in *"--output /var/"*) echo >>/run/attempts ;; esac\nexec /usr/bin/curl "$@"\n'
    await hosts.exec('down', `printf '%s' '${counting}' >/usr/local/sbin/curl && chmod +x /usr/local/sbin/curl`)
    const gone = await serve()
    await gone[Symbol.asyncDispose]()
    const file = await clusterFile('down', { mirror: gone.url })
    const outcome = await scene.run('apply', file, '--yes')
    expect(outcome).toMatchObject({ exitCode: exitCodes.failed, stderr: '' })
    expect(outcome.stdout).not.toMatch(stackTrace)
    for (const name of everything) {
      const failure = failureOf(outcome, `artifact ${installedName(name)}`)
      expect(failure).toContain(`The host cannot connect to ${gone.url.replace('http://', '')}.`)
      expect(failure).toContain(`expected  ${gone.url}/${mirror.path(name)}`)
      expect(failure).toContain(`Try it on the host: curl -fL -o /dev/null '${gone.url}/${mirror.path(name)}'`)
      expect(failure).toContain('spec.artifacts.mirror, spec.artifacts.folder')
    }
    // It is waited for once, not again for each download: four attempts for the first, one for each of the others.
    expect(await linesOn('down', 'wc -l </run/attempts')).toEqual([String(4 + everything.length)])
    await expectInstalled(expect, 'down', [])
    expect(await inCache('down')).toEqual([])

    await using _back = await serve({}, gone.port)
    await expectMended(expect, 'down', file)
  })

  test.concurrent('a mirror that breaks off', async ({ expect }) => {
    await using server = await serve({ kubectl: 'truncate' })
    const file = await clusterFile('cut', { mirror: server.url })
    const outcome = await scene.run('apply', file, '--yes')
    expect(outcome).toMatchObject({ exitCode: exitCodes.failed, stderr: '' })
    const failure = failureOf(outcome, 'artifact kubectl')
    expect(failure).toContain(`${server.url.replace('http://', '')} breaks off in the middle of the file.`)
    expect(failure).toMatch(/actual .*bytes? missing/)
    expect(failure).toContain(`curl -fL -o /dev/null '${server.url}/${mirror.path('kubectl')}'`)
    expect(outcome.stdout).not.toMatch(stackTrace)
    await expectInstalled(expect, 'cut', ['cni-plugins', 'etcd', 'kubeadm', 'kubelet', 'runc'])
    // What has come is kept for the next run, and counts as nothing.
    expect(await inCache('cut')).toEqual([`${mirror.sha256('kubectl')}.part`])
    expect((await scene.run('plan', file)).stdout).toMatch(/\+ artifact kubectl /)

    server.faults.clear()
    await expectMended(expect, 'cut', file)
    expect(server.requests.findLast(({ path }) => path.endsWith('/kubectl'))).toMatchObject({ range: 'bytes=1-' })
  })

  test.concurrent('a mirror that stalls, while other runs wait for the lock', async ({ expect }) => {
    // The same curl, but patient for two seconds only.
    const impatient = '#!/bin/sh\nexec /usr/bin/curl "$@" --speed-time 2\n'
    await hosts.exec('stalled', `printf '%s' '${impatient}' >/usr/local/sbin/curl && chmod +x /usr/local/sbin/curl`)
    await using server = await serve({ kubectl: 'stall' })
    const file = await clusterFile('stalled', { mirror: server.url })
    const first = startEvcctl(['apply', file, '--yes', '--output', 'json'], scene.env)
    while (!server.requests.some(({ path }) => path.endsWith('/kubectl'))) await sleep(100)

    const holder = new RegExp(`\\S+ on \\S+ \\(pid ${first.child.pid}\\), since \\d\\d:\\d\\d:\\d\\d`)
    const plan = scene.run('plan', file)
    const second = startEvcctl(['apply', file, '--yes'], scene.env)
    const third = startEvcctl(['apply', file, '--yes', '--output', 'json'], scene.env)
    expect((await plan).stdout).toMatch(new RegExp(`^Another run is at work: ${holder.source}$`, 'm'))
    expect(await third.event(({ type }) => type === 'lock:wait')).toMatchObject({
      host: 'stalled',
      holder: expect.stringMatching(holder),
    })
    third.child.kill('SIGINT')
    const stopped = await third.ended
    expect(stopped.exitCode).toBe(exitCodes.cancelled)
    expect(stopped.stderr).toContain('The run was stopped while it waited for the run lock; nothing was written')

    const end = await first.event(event => event.type === 'task:end' && event.title === 'artifact kubectl')
    server.faults.clear()
    expect(end).toMatchObject({
      result: 'failed',
      error: {
        where: 'stalled artifact kubectl',
        problem: `${server.url.replace('http://', '')} is too slow or has stalled.`,
        expected: `${server.url}/${mirror.path('kubectl')}`,
        actual: expect.stringContaining('Operation too slow'),
        next: expect.stringContaining('curl -fL -o /dev/null'),
      },
    })
    expect((await first.ended).exitCode).toBe(exitCodes.failed)

    // The one that waited does what was left to do when it came in, not what it had planned before.
    const waited = await second.ended
    expect(waited.stdout).toMatch(new RegExp(`waiting for another run: ${holder.source}`))
    expect(waited.stdout).toContain(
      'Another run may have changed the cluster since the plan was made; reading it again.',
    )
    const [, readAgain] = waited.stdout.split('reading it again.')
    expect(readAgain).not.toContain('Another run is at work')
    expect(waited.stdout).toMatch(/^Stopped after .*: 1 changed, 1 failed, \d+ skipped because of it\.$/m)
    expect(printed(waited)).not.toMatch(stackTrace)
    await expectInstalled(expect, 'stalled', everything)
    expect(await inCache('stalled')).toEqual([])
  })

  test.concurrent('a disk that is full, of downloads or of programs', async ({ expect }) => {
    const mount = (path: string, size: string) => `mkdir -p ${path} && mount -t tmpfs -o size=${size} tmpfs ${path}`
    await hosts.exec('full', `${mount('/var/cache/evcctl', '200k')} && ${mount('/usr/local/sbin', '32k')}`)
    await using server = await serve()
    const file = await clusterFile('full', { mirror: server.url })
    const outcome = await scene.run('apply', file, '--yes')
    expect(outcome).toMatchObject({ exitCode: exitCodes.failed, stderr: '' })
    const download = failureOf(outcome, 'artifact kubelet')
    expect(download).toContain('The disk of the host is full.')
    expect(download).toMatch(/actual {4}no space left in \/var\/cache\/evcctl \(\d+ KiB free\)/)
    expect(download).toContain('Free some space there (df -h shows where), then apply again.')
    const install = failureOf(outcome, 'artifact runc')
    expect(install).toMatch(/The disk of the host is full: runc \S+ could not be unpacked\./)
    expect(install).toMatch(/actual .*\/usr\/local\/sbin\/runc.*No space left on device/)
    expect(install).toContain('Free some space there (df -h shows where), then apply again.')
    expect(outcome.stdout).not.toMatch(stackTrace)
    // Nothing that takes room is left behind, and what fits is installed.
    await expectInstalled(expect, 'full', ['cni-plugins', 'etcd', 'kubeadm', 'kubectl'])
    expect(await inCache('full')).toEqual([])

    await hosts.exec('full', 'umount /var/cache/evcctl /usr/local/sbin')
    await expectMended(expect, 'full', file)
  })

  test.concurrent('a file of this machine with a wrong checksum', async ({ expect }) => {
    const folder = join(scene.folder, 'artifacts')
    await cp(mirror.folder, folder, { recursive: true })
    const [kubeadm, containerd] = [join(folder, mirror.path('kubeadm')), join(folder, mirror.path('containerd'))]
    await mkdir(dirname(containerd), { recursive: true })
    await Promise.all([writeFile(kubeadm, 'no program'), writeFile(containerd, 'no archive')])
    const file = await clusterFile('pushed', { folder })
    const outcome = await scene.run('apply', file, '--yes')
    expect(outcome).toMatchObject({ exitCode: exitCodes.failed, stderr: '' })
    const failure = failureOf(outcome, 'artifact kubeadm')
    expect(failure).toContain(`${kubeadm} on this machine has another checksum than expected, so it was not installed.`)
    expect(failure).toMatch(
      new RegExp(`expected {2}sha256 ${mirror.sha256('kubeadm')}\nactual {4}sha256 [0-9a-f]{64}\n`),
    )
    expect(failure).toContain('spec.artifacts.checksums')
    expect(outcome.stdout).not.toMatch(stackTrace)
    await expectInstalled(expect, 'pushed', ['cni-plugins', 'etcd', 'kubectl', 'kubelet', 'runc'])
    expect(await inCache('pushed')).toEqual([])

    await cp(join(mirror.folder, mirror.path('kubeadm')), kubeadm)
    await expectMended(expect, 'pushed', file)
  })
})
