import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lookUpVersions } from '../../src/cli/run/look-up-versions.ts'
import { checkNames, lockText, parseClusterFile, parseLock } from '../../src/config/index.ts'
import { Secret } from '../../src/core/index.ts'
import { startForwardProxy } from '../kit/forward-proxy.ts'
import { startSite } from '../releases/site.ts'
import { startServer, type TestServer } from '../ssh/server.ts'
import { callCli, temporaryFolder } from './run-cli.ts'

// Plans of these tests read this machine, through an SSH server of this process. They write nothing.
let folder: Awaited<ReturnType<typeof temporaryFolder>>
let server: TestServer
beforeAll(async () => {
  folder = await temporaryFolder()
  server = await startServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const sum = (text: string) => createHash('sha256').update(text).digest('hex')

function release(version: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const names = ['kubelet', 'kubeadm', 'kubectl']
  const paths = ['amd64', 'arm64'].flatMap(one => names.map(name => `${version}/bin/linux/${one}/${name}`))
  const sums = paths.map(path => [`/dl.k8s.io/release/v${path}.sha256`, sum(path)] as const)
  return { ...Object.fromEntries(sums), ...etcd, ...more }
}

/** The etcd whose tools control plane nodes get with Kubernetes 1.37. */
const etcd = {
  '/github.com/etcd-io/etcd/releases/download/v3.7.0/SHA256SUMS': ['amd64', 'arm64']
    .map(one => `${sum(one)}  etcd-v3.7.0-linux-${one}.tar.gz\n`)
    .join(''),
}

function clusterText(mirror: string, version: string, spec = ''): string {
  const ssh = `{ port: ${server.port}, identityFile: ${server.identityFile}, knownHosts: { file: ${server.knownHostsFile}, policy: accept-new } }`
  return `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: demo }
spec:
  ssh: { user: root, agent: false, connectTimeout: 5s }
  kubernetes: { version: ${version} }
  artifacts: { mirror: "${mirror}" }
  preflight: { ignore: [${checkNames.join(', ')}] }
${spec}  hosts:
    - { name: cp1, address: 127.0.0.1, privateAddress: 192.0.2.1, roles: [control-plane], ssh: ${ssh} }
`
}

test('plan shows what it looked up, with its sha256, and writes no file', async () => {
  await using site = await startSite(release('1.37.2'))
  await using own = await temporaryFolder()
  await writeFile(join(own.path, 'cluster.yaml'), clusterText(site.url, '1.37.2'))
  const { stdout } = await callCli(['plan'], own.path)
  expect(stdout.replace(/\s+/g, ' ')).toContain(
    `Not in the catalog, looked up at ${site.host}: kubelet 1.37.2 (sha256 of amd64 ${sum('1.37.2/bin/linux/amd64/kubelet').substring(0, 12)}…`,
  )
  expect(stdout).toMatch(/kubelet 1\.37\.2/)
  expect((await readdir(own.path)).filter(name => name.includes('lock'))).toEqual([])
}, 180_000)

test('what the lock file has is not asked for again', async () => {
  await using site = await startSite(release('1.37.2'))
  const file = join(folder.path, 'locked.yaml')
  const text = clusterText(site.url, '1.37.2')
  await writeFile(file, text)
  const first = await lookUpVersions(parseClusterFile(text, file), text, { registries: {} }, { env: {} })
  await first.lock?.record()
  const asked = site.asked.length
  expect(asked).toBe(7)
  const again = await lookUpVersions(parseClusterFile(text, file), text, { registries: {} }, { env: {} })
  expect(again.lock).toBeUndefined()
  expect(again.spec).toEqual(first.spec)
  expect(site.asked).toHaveLength(asked)
  const lock = parseLock(await readFile(join(folder.path, 'locked.lock.yaml'), 'utf8'), 'locked.lock.yaml')
  expect(Object.keys(lock.artifacts)).toEqual(['etcd', 'kubeadm', 'kubectl', 'kubelet'])
})

test('a version that is nowhere is one error, before any host is asked', async () => {
  await using site = await startSite(etcd)
  const before = server.connections
  await writeFile(join(folder.path, 'nowhere.yaml'), clusterText(site.url, '1.37.99'))
  const { exitCode, stdout, stderr } = await callCli(['plan', 'nowhere.yaml'], folder.path)
  expect([exitCode, stdout]).toEqual([3, ''])
  expect(stderr.match(/has no checksum of/g)).toHaveLength(1)
  expect(stderr).toContain('expected  a version that is released')
  expect(server.connections).toBe(before)
})

test('a site that is down is one error', async () => {
  await writeFile(join(folder.path, 'down.yaml'), clusterText('http://127.0.0.1:1', '1.37.2'))
  const { exitCode, stderr } = await callCli(['plan', 'down.yaml'], folder.path)
  expect(exitCode).toBe(1)
  expect(stderr.match(/could not be looked up/g)).toHaveLength(1)
  expect(stderr).toContain('the site refused the connection')
})

test('validate asks nobody, and tells what plan will look up', async () => {
  await using site = await startSite(release('1.38.0'))
  await writeFile(join(folder.path, 'new.yaml'), clusterText(site.url, '1.38.0'))
  const { exitCode, stdout } = await callCli(['validate', 'new.yaml'], folder.path)
  expect(exitCode).toBe(0)
  expect(stdout).toContain(`kubelet 1.38.0 is not in the catalog: plan and apply look it up at ${site.host}.\n`)
  expect(stdout).toContain('evcctl was not tested with Kubernetes 1.38')
  expect(site.asked).toEqual([])
})

test('of a minor that nobody knows kubeadm is asked, and the etcd that it names is looked up as well', async () => {
  const program = `#!/bin/sh
case "$1 $2" in
'version -o') echo v1.38.0 ;;
'config images') printf 'r/%s\\n' etcd:3.8.1-0 coredns/coredns:v1.15.0 pause:3.11 ;;
esac
`
  const kubeadm = (one: string) => `/dl.k8s.io/release/v1.38.0/bin/linux/${one}/kubeadm`
  const etcd = (one: string) => `${sum(one)}  etcd-v3.8.1-linux-${one}.tar.gz\n`
  const files = release('1.38.0', {
    [kubeadm('amd64')]: program,
    [kubeadm('arm64')]: program,
    [`${kubeadm('amd64')}.sha256`]: sum(program),
    [`${kubeadm('arm64')}.sha256`]: sum(program),
    '/github.com/etcd-io/etcd/releases/download/v3.8.1/SHA256SUMS': etcd('amd64') + etcd('arm64'),
  })
  await using site = await startSite(files)
  const host = '    - { name: e1, address: 192.0.2.31, roles: [etcd] }\n'
  const text = `${clusterText(site.url, '1.38.0', '  etcd: { topology: external }\n')}${host}`
  const file = join(folder.path, 'unknown.yaml')
  await writeFile(file, text)
  const { spec, lock } = await lookUpVersions(parseClusterFile(text, file), text, { registries: {} }, { env: {} })
  expect(spec.kubernetes.images).toEqual({ etcd: '3.8.1-0', coredns: 'v1.15.0', pause: '3.11' })
  expect(spec.etcd).toMatchObject({ version: '3.8.1' })
  expect(lock?.summary).toContain('etcd 3.8.1, images of kubeadm 1.38.0.')
})

test('the proxy of the file is asked, with its login; else that of the environment', async () => {
  await using site = await startSite(release('1.37.2'))
  await using proxy = await startForwardProxy({
    login: 'ada:s3cret%',
    resolve: () => ({ host: '127.0.0.1', port: Number(new URL(site.url).port) }),
  })
  const text = clusterText('http://mirror.example', '1.37.2')
  const through = text.replace('  hosts:', `  proxy: { http: "${proxy.url}" }\n  hosts:`)
  const file = join(folder.path, 'proxied.yaml')
  await writeFile(file, text)
  const secrets = { registries: {}, proxy: { username: 'ada', password: new Secret('s3cret%', 'password') } }
  const found = await lookUpVersions(parseClusterFile(through, file), through, secrets, { env: {} })
  expect(found.lock?.summary).toContain('kubelet 1.37.2')
  expect(proxy.requests).toHaveLength(7)
  const env = { http_proxy: proxy.url.replace('//', '//ada:s3cret%25@') }
  await lookUpVersions(parseClusterFile(text, file), text, { registries: {} }, { env })
  expect(proxy.requests).toHaveLength(14)
})

test('each proxy of the environment gets its own login, and one without a login gets none', async () => {
  await using site = await startSite(release('1.37.2'))
  const resolve = () => ({ host: '127.0.0.1', port: Number(new URL(site.url).port) })
  await using ann = await startForwardProxy({ login: 'ann:a', resolve })
  await using bob = await startForwardProxy({ login: 'bob:b', resolve })
  const file = join(folder.path, 'environment.yaml')
  const lookUp = async (mirror: string, env: NodeJS.ProcessEnv) => {
    const text = clusterText(mirror, '1.37.2')
    await writeFile(file, text)
    return lookUpVersions(parseClusterFile(text, file), text, { registries: {} }, { env })
  }
  const both = { https_proxy: ann.url.replace('//', '//ann:a@'), http_proxy: bob.url.replace('//', '//bob:b@') }
  expect((await lookUp('http://mirror.example', both)).lock?.summary).toContain('kubelet 1.37.2')
  // The site speaks no TLS, but the proxy has let the connection through.
  await expect(lookUp('https://mirror.example', both)).rejects.not.toThrow('407')
  expect(ann.requests).toContain('CONNECT mirror.example:443')
  const other = { https_proxy: 'http://ann:a@proxy.example:3128', http_proxy: ann.url }
  await expect(lookUp('http://mirror.example', other)).rejects.toThrow('407')
})

test.each([
  ['a pipe, beside which there is no place', '/dev/stdin', '', 'Write the cluster file to a file'],
  ['a folder, with which nothing is looked up', 'cluster.yaml', 'folder', 'with a folder none is looked up'],
])('%s, is told', async (_, file, how, words) => {
  const text = clusterText('http://192.0.2.1', '1.37.2')
  const path = file.startsWith('/') ? '/dev/null' : join(folder.path, file)
  const spec = parseClusterFile(text, path)
  const given = how === '' ? spec : { ...spec, artifacts: { checksums: {}, folder: '/x' } }
  await expect(lookUpVersions(given, text, { registries: {} }, { env: {} })).rejects.toThrow(words)
})

test('a lock file that is wrong is told before anything is asked', async () => {
  await writeFile(join(folder.path, 'wrong.yaml'), clusterText('http://192.0.2.1', '1.37.2'))
  const text = lockText({ artifacts: {}, kubeadm: {} }).replace('artifacts: {}', 'artifacts: []')
  await writeFile(join(folder.path, 'wrong.lock.yaml'), text)
  const { exitCode, stderr } = await callCli(['plan', 'wrong.yaml'], folder.path)
  expect(exitCode).toBe(3)
  expect(stderr).toContain('wrong.lock.yaml:')
  expect(stderr).toContain('evcctl writes this file.')
})
