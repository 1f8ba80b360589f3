import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { etcdReachable } from '../../src/resources/etcd/reachable.ts'
import { Sandbox } from './sandbox.ts'

const folder = mkdtempSync(join(tmpdir(), 'evcctl-etcd-'))
const read = (file: string) => readFileSync(join(folder, file), 'utf8')
execFileSync(
  'sh',
  [
    '-ec',
    `for name in own other; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt -subj /CN=$name -days 1
done
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=server
echo subjectAltName=IP:127.0.0.1 >extensions
openssl x509 -req -in server.csr -CA own.crt -CAkey own.key -set_serial 2 -days 1 -extfile extensions -out server.crt`,
  ],
  { cwd: folder, stdio: 'ignore' },
)

// As etcd does, it wants a client certificate.
const server = createServer(
  {
    key: read('server.key'),
    cert: read('server.crt'),
    ca: read('own.crt'),
    requestCert: true,
    rejectUnauthorized: true,
  },
  (_, response) => response.end('{"health":"true"}'),
)
let living = ''
const dead = 'https://127.0.0.1:1'

beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  living = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

async function refusal(endpoints: readonly string[], ca: string) {
  const resource = etcdReachable(endpoints, ca)
  return resource.diff(await new Sandbox().probe(resource), { endpoints }, { watched: [] })?.refused
}

describe('an etcd that exists already', () => {
  test('is accepted when enough of its endpoints show a certificate of the CA', async () => {
    expect(await refusal([living], read('own.crt'))).toBeUndefined()
    expect(await refusal([living, dead, living], read('own.crt'))).toBeUndefined()
  })

  test('is refused when too few answer, with what each said', async () => {
    const refused = await refusal([living, dead, dead], read('own.crt'))
    expect(refused?.problem).toBe('The external etcd does not answer.')
    expect(refused?.expected).toBe('at least 2 of 3 endpoints')
    expect(refused?.actual).toContain(`${dead}: curl: (7)`)
  })

  test("is refused when it answers with another cluster's CA", async () => {
    const refused = await refusal([living], read('other.crt'))
    expect(refused?.problem).toContain('not with a certificate of the CA in spec.etcd.certificates.ca')
  })

  test('is not judged by a host that cannot ask', () => {
    const resource = etcdReachable([dead], read('own.crt'))
    expect(
      resource.diff(
        resource.probe.parse({ exitCode: 0, stdout: '', stderr: '' }),
        { endpoints: [dead] },
        { watched: [] },
      ),
    ).toBeUndefined()
  })
})
