import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { etcdRegistry } from '../../src/resources/kubeadm/etcd-registry.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

const folder = mkdtempSync(join(tmpdir(), 'evcctl-etcd-'))
const read = (file: string) => readFileSync(join(folder, file), 'utf8')
execFileSync(
  'sh',
  [
    '-ec',
    `new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $new -keyout ca.key -out ca.crt -subj /CN=ca -days 1
echo subjectAltName=IP:127.0.0.1 >extensions
for name in server client; do
  openssl req $new -keyout $name.key -out $name.csr -subj /CN=$name
  openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -set_serial 2 -days 1 -extfile extensions -out $name.crt
done`,
  ],
  { cwd: folder, stdio: 'ignore' },
)

/** A member's JSON gateway: it knows its cluster, and whether there is anything below /registry/. */
function member(cluster: string, holds: boolean) {
  const options = { key: read('server.key'), cert: read('server.crt'), ca: read('ca.crt'), requestCert: true }
  return createServer({ ...options, rejectUnauthorized: true }, (request, response) => {
    request.setEncoding('utf8')
    let body = ''
    request.on('data', text => {
      body += text
    })
    request.on('end', () => {
      const { key, range_end: end } = JSON.parse(body) as { readonly key: string; readonly range_end: string }
      const asked = [key, end].map(text => Buffer.from(text, 'base64').toString()).join(' ')
      const kvs = holds && asked === '/registry/ /registry0' ? { kvs: [{ key: 'L3JlZ2lzdHJ5L2E=' }], count: '9' } : {}
      response.end(JSON.stringify({ header: { cluster_id: cluster, revision: '7' }, ...kvs }))
    })
  })
}
/** What a proxy on the way, or another server, says with some status. */
function notEtcd(status: number, body: string) {
  return createServer({ key: read('server.key'), cert: read('server.crt') }, (request, response) => {
    request.resume().on('end', () => response.writeHead(status).end(body))
  })
}
const servers = {
  refusing: notEtcd(403, 'Forbidden'),
  proxy: notEtcd(200, '<html>log in</html>'),
  odd: notEtcd(200, '{"header":{"cluster_id":17}}'),
  empty: member('17', false),
  full: member('17', true),
  other: member('18', true),
}
const urls = { refusing: '', proxy: '', odd: '', empty: '', full: '', other: '', dead: 'https://127.0.0.1:1' }

beforeAll(async () => {
  for (const [name, server] of Object.entries(servers)) {
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    urls[name as keyof typeof servers] = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
})
afterAll(() => {
  for (const server of Object.values(servers)) server.close()
})

const admin = { '/etc/kubernetes/admin.conf': 'x' }
const marker = { '/var/lib/kubelet/evcctl-unfinished': 'init\n\n' }
const wrote = (url: string) => ({ '/var/lib/evcctl/kubeadm-init.etcd': `${url}\n` })
const manifest = (...endpoints: readonly string[]) => ({
  '/etc/kubernetes/manifests/kube-apiserver.yaml': `    - --etcd-servers=${endpoints.join(',')}\n`,
})

async function changeFor(
  endpoints: readonly string[],
  files: Readonly<Record<string, string>> = {},
  { foreign = true, certificate = 'client.crt' } = {},
) {
  const sandbox = new Sandbox()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), content)
  }
  const at = (name: string) => join(folder, name)
  const paths = { caFile: at('ca.crt'), certFile: at(certificate), keyFile: at('client.key') }
  const resource = etcdRegistry({ endpoints, foreign, ...paths })
  return resource.diff(await sandbox.probe(resource), { endpoints }, { watched: [] })
}

async function refusal(...given: Parameters<typeof changeFor>) {
  return (await changeFor(...given))?.refused
}

describe('what an external etcd holds', () => {
  test('is nothing before kubeadm init', async () => {
    expect(await refusal([urls.empty, urls.dead])).toBeUndefined()
  })

  test("is refused when it is another cluster's", async () => {
    const refused = await refusal([urls.dead, urls.full])
    expect(refused?.problem).toContain('kubeadm init would take them over')
    expect(refused?.actual).toBe(`keys below /registry/ at ${urls.full}`)
    expect(await refusal([urls.full], {}, { foreign: false })).toMatchObject({ problem: refused?.problem })
  })

  test('may be what an API server of an interrupted init of this host wrote there, and there only', async () => {
    for (const begun of [{ ...marker, ...manifest(urls.full) }, wrote(urls.full)]) {
      expect(await refusal([urls.full], begun)).toBeUndefined()
      expect(await refusal([urls.full], { ...admin, ...marker, ...begun })).toBeUndefined()
    }
    for (const begun of [marker, { ...marker, ...manifest(urls.empty) }, { ...marker, ...wrote(urls.empty) }]) {
      expect((await refusal([urls.full], begun))?.problem).toContain('would take them over')
    }
  })

  test('is what a standing cluster has there', async () => {
    const standing = { ...admin, ...manifest(urls.full) }
    expect(await refusal([urls.full], standing)).toBeUndefined()
    expect(await refusal([urls.dead], { ...admin, ...manifest(urls.dead) })).toBeUndefined()
  })

  test('is refused when new endpoints of a standing cluster are of another etcd', async () => {
    const standing = { ...admin, ...manifest(urls.full) }
    const other = await refusal([urls.other], standing)
    expect(other?.problem).toBe('The endpoints are not all of the etcd that this cluster uses.')
    expect(other?.actual).toBe(`${urls.other}: cluster 12\n${urls.full}: cluster 11`)
    const nothing = await refusal([urls.empty], { ...admin, ...manifest(urls.dead) })
    expect(nothing?.problem).toContain('the cluster would start empty')
  })

  test('is refused when the endpoints are of two', async () => {
    expect((await refusal([urls.empty, urls.other]))?.problem).toBe('The endpoints belong to more than one etcd.')
  })

  test.each(['dead', 'refusing', 'proxy', 'odd'] as const)(
    'is unknown where there is no answer of etcd: %s',
    async name => {
      const refused = await refusal([urls[name]])
      expect(refused?.problem).toContain('evcctl cannot read what this etcd holds')
      expect(refused?.actual).toContain(urls[name])
      const moved = { ...admin, ...manifest(urls.full) }
      expect((await refusal([urls[name]], moved))?.problem).toContain('evcctl cannot read what this etcd holds')
      expect(await refusal([urls[name], urls.empty])).toBeUndefined()
    },
  )

  test('is asked later, before kubeadm init, where the host has no certificate yet or etcd is yet to be started', async () => {
    const later = { action: 'run', note: expect.stringContaining('before kubeadm') }
    expect(await changeFor([urls.full], {}, { certificate: 'none.crt' })).toMatchObject(later)
    expect(await changeFor([urls.dead], {}, { foreign: false })).toMatchObject(later)
  })

  test('is waited for until there is an answer, and without one nothing goes on', async () => {
    const step = (url: string) => {
      const paths = {
        caFile: join(folder, 'ca.crt'),
        certFile: join(folder, 'client.crt'),
        keyFile: join(folder, 'client.key'),
      }
      const resource = etcdRegistry({ endpoints: [url], foreign: true, ...paths })
      const [waiting] = resource.converge(stateOf(resource), { endpoints: [url] })
      if (waiting === undefined || !('until' in waiting)) throw new Error('a step that waits is expected')
      return new Sandbox().sh(waiting.until.script)
    }
    expect((await step(urls.empty)).exitCode).toBe(0)
    expect((await step(urls.refusing)).exitCode).toBe(1)
    expect((await step(urls.proxy)).exitCode).toBe(1)
  })

  test('is not asked for of own members when the cluster stands', async () => {
    expect(await changeFor([urls.empty], { ...admin, ...manifest(urls.full) }, { foreign: false })).toBeUndefined()
  })
})
