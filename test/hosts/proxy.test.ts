import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GraphBuilder, type HttpProxy, packages, Secret } from '../../src/index.ts'
import type { LocalHosts } from '../../src/local/hosts.ts'
import { startForwardProxy } from '../kit/forward-proxy.ts'
import { applyTo, planOf } from './kit/converge.ts'
import { DockerPool } from './kit/docker-pool.ts'
import { fileSystem, writtenPaths } from './kit/file-system.ts'
import { packageRepository } from './kit/package-repository.ts'
import { startHosts } from './kit/start-hosts.ts'

const password = `p@ss/o'f: the "proxy"`

let hosts: LocalHosts
let pool: DockerPool
/** Files of a package repository, by path. */
let repository: ReadonlyMap<string, Buffer>

async function run(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await hosts.exec('w1', command)
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}${stdout}`)
  return stdout
}

beforeAll(async () => {
  hosts = await startHosts({ hosts: [{ name: 'w1', roles: ['worker'] }] })
  pool = new DockerPool(hosts)
  await packageRepository(hosts, 'w1', { names: ['kit-behind-proxy'], service: '' })
  const names = ['Packages', 'kit-behind-proxy.deb']
  const contents = await Promise.all(names.map(name => run(`base64 -w 0 /srv/packages/${name}`)))
  repository = new Map(names.map((name, index) => [`/${name}`, Buffer.from(contents[index]!, 'base64')]))
  // No such host is to be found: only the proxy knows the way.
  await run(`echo 'deb [trusted=yes] http://packages.example ./' >/etc/apt/sources.list; rm -rf /srv/packages`)
})

afterAll(() => hosts?.[Symbol.asyncDispose]())

function graphWith(proxy: HttpProxy) {
  const builder = new GraphBuilder()
  const names = ['kit-behind-proxy']
  builder.scope('w1', 'os').add(packages({ names, updateCache: 'when needed', platform: 'apt', proxy }))
  return builder.build()
}

test('packages come through a proxy that wants a password, of which nothing stays on the host', async () => {
  await using site = await serveRepository()
  await using proxy = await startForwardProxy({
    address: hosts.gateway,
    login: `CORP\\ada:${password}`,
    resolve: () => site,
  })
  const stranger: HttpProxy = { http: proxy.url, noProxy: [], hosts: ['w1'] }
  const [failed] = (await applyTo(graphWith(stranger), pool)).values()
  expect(failed?.problem).toBe('apt needs another user name and password for the proxy (HTTP 407).')

  const before = await fileSystem(hosts, 'w1')
  const known: HttpProxy = {
    ...stranger,
    login: { username: 'CORP\\ada', password: new Secret(password, 'password of the proxy') },
  }
  expect(await applyTo(graphWith(known), pool)).toEqual(new Map())
  expect(await planOf(graphWith(known), pool)).toEqual(new Map())
  expect(proxy.requests).toContain('GET http://packages.example/./kit-behind-proxy.deb')
  const written = writtenPaths(before, await fileSystem(hosts, 'w1'))
  expect(written.filter(path => path.startsWith('/etc/apt') || path.startsWith('/etc/evcctl'))).toEqual([])
  expect(await run(`grep -r -l -F 'p%40ss' /etc /run /var 2>/dev/null || :`)).toBe('')
})

async function serveRepository() {
  const server = createServer((request, response) => {
    const content = repository.get((request.url ?? '').replace('/./', '/'))
    if (content === undefined) return response.writeHead(404).end()
    return response.writeHead(200, { 'content-length': content.length }).end(content)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    host: '127.0.0.1',
    port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}
