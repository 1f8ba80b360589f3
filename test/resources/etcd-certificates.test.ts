import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from 'vitest'
import { Output, type Resource, type TaskId } from '../../src/core/index.ts'
import { certificateAuthority } from '../../src/resources/pki/certificate-authority.ts'
import { certificateRequest } from '../../src/resources/pki/certificate-request.ts'
import { signedCertificate } from '../../src/resources/pki/signed-certificate.ts'
import { Sandbox } from './sandbox.ts'

const folder = '/etc/etcd/ca'
const pki = '/etc/etcd/pki'
const ca = certificateAuthority({ folder, commonName: 'etcd-ca', days: 3650 })
const request = certificateRequest({ folder: pki, name: 'server', commonName: 'e1' })
const signing = (names: readonly string[] = ['e1', '192.0.2.31'], renewDays = 365) =>
  signedCertificate({
    folder,
    name: 'e1-server',
    request: Output.ofTask<string>('e1/x:y' as TaskId),
    usages: ['serverAuth', 'clientAuth'],
    names,
    days: 1095,
    renewDays,
  })
const nothing = { watched: [] }
let sandbox: Sandbox

beforeEach(() => {
  sandbox = new Sandbox()
  for (const path of [folder, pki]) mkdirSync(sandbox.inside(path), { recursive: true })
})

/** What would change, by field; undefined when it is in desired state. */
async function changes<C, D>(resource: Resource<C, D, unknown>, desired: D): Promise<readonly string[] | undefined> {
  return resource.diff(await sandbox.probe(resource), desired as never, nothing)?.fields.map(({ field }) => field)
}

async function converge<C, D, O>(resource: Resource<C, D, O>, desired: D): Promise<O> {
  const ended = await sandbox.run(resource.converge(await sandbox.probe(resource), desired))
  expect(ended.stderr).toBe('')
  expect(ended.exitCode).toBe(0)
  expect(await changes(resource, desired)).toBeUndefined()
  return resource.output?.(await sandbox.probe(resource)) as O
}

const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8' })

describe('certificates of etcd', () => {
  test('are made by a CA, for a key that stays, and are in desired state then', async () => {
    const { certificate } = await converge(ca, { commonName: 'etcd-ca' })
    const asked = await converge(request, { commonName: 'e1' })
    const signed = await converge(signing(), { request: asked.request })
    expect(asked.request).not.toContain('PRIVATE')
    const path = sandbox.inside(`${folder}/issued/e1-server.crt`)
    expect(
      openssl(
        'verify',
        '-x509_strict',
        '-CAfile',
        sandbox.inside(`${folder}/ca.crt`),
        '-verify_ip',
        '192.0.2.31',
        path,
      ),
    ).toBe(`${path}: OK\n`)
    expect(certificate).toContain('BEGIN CERTIFICATE')
    expect(signed.certificate).toContain('BEGIN CERTIFICATE')
    for (const key of [`${folder}/ca.key`, `${pki}/server.key`])
      expect(statSync(sandbox.inside(key)).mode & 0o777).toBe(0o600)
  })

  test('are signed again when names change, when the key is another, and before they expire', async () => {
    await converge(ca, { commonName: 'etcd-ca' })
    const asked = await converge(request, { commonName: 'e1' })
    await converge(signing(), { request: asked.request })
    expect(await changes(signing(['e1', '192.0.2.99']), { request: asked.request })).toEqual(['names'])
    expect(await changes(signing(undefined, 1096), { request: asked.request })).toEqual(['valid'])
    rmSync(sandbox.inside(`${pki}/server.key`))
    expect(await changes(request, { commonName: 'e1' })).toEqual(['key'])
    const anew = await converge(request, { commonName: 'e1' })
    expect(await changes(signing(), { request: anew.request })).toEqual(['request'])
    await converge(signing(), { request: anew.request })
  })

  test('of another CA are seen', async () => {
    await converge(ca, { commonName: 'etcd-ca' })
    const asked = await converge(request, { commonName: 'e1' })
    await converge(signing(), { request: asked.request })
    for (const part of ['crt', 'key']) rmSync(sandbox.inside(`${folder}/ca.${part}`))
    await converge(ca, { commonName: 'etcd-ca' })
    expect(await changes(signing(), { request: asked.request })).toEqual(['signed by'])
  })

  test('a CA that was cut off keeps its key, and one that lost it is refused', async () => {
    await converge(ca, { commonName: 'etcd-ca' })
    const key = openssl('pkey', '-in', sandbox.inside(`${folder}/ca.key`), '-pubout')
    rmSync(sandbox.inside(`${folder}/ca.crt`))
    await converge(ca, { commonName: 'etcd-ca' })
    expect(openssl('pkey', '-in', sandbox.inside(`${folder}/ca.key`), '-pubout')).toBe(key)
    rmSync(sandbox.inside(`${folder}/ca.key`))
    const change = ca.diff(await sandbox.probe(ca), { commonName: 'etcd-ca' }, nothing)
    expect(change?.refused?.problem).toContain('The key of the CA is missing')
  })

  test('a key that was put there by hand gets a request of its own', async () => {
    await converge(request, { commonName: 'e1' })
    writeFileSync(
      sandbox.inside(`${pki}/server.key`),
      openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'),
    )
    expect(await changes(request, { commonName: 'e1' })).toEqual(['request'])
    await converge(request, { commonName: 'e1' })
  })
})
