import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { endpointFacts } from '../../src/facts/endpoint.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { makeCluster } from '../kit/certificates.ts'
import { Sandbox } from '../resources/sandbox.ts'

const { ca, server } = makeCluster()
const apiServer = createHttpsServer({ key: server.key, cert: server.certificate }, (_, response) => response.end('ok'))
// A load balancer without a backend.
const lonely = createServer(socket => socket.destroy())

const listen = (listener: Server) => new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve))
const portOf = (listener: Server): number => (listener.address() as AddressInfo).port

beforeAll(() => Promise.all([listen(apiServer), listen(lonely)]))
afterAll(() => {
  apiServer.close()
  lonely.close()
})

async function ask(endpoint: string, sandbox = new Sandbox()) {
  const { script, parse } = endpointFacts(endpoint, kubeadmApi.ca)
  const { stdout } = await sandbox.sh(`at() { :; }\n${script}`)
  return parse(() => stdout.split('\n')).endpoint
}

test('an API server presents its certificate', async () => {
  const found = await ask(`127.0.0.1:${portOf(apiServer)}`)
  expect(found).toMatchObject({ addresses: ['127.0.0.1'], connection: 'accepted', asked: true })
  expect(found.certificate?.trim()).toBe(server.certificate.trim())
  expect(found).not.toHaveProperty('clusterCa')
})

test('the endpoint may be a name instead of an address', async () => {
  const found = await ask(`localhost:${portOf(apiServer)}`)
  expect(found.addresses).toContain('127.0.0.1')
  expect(found.certificate?.trim()).toBe(server.certificate.trim())
})

test('a load balancer without a backend accepts connections and sends nothing', async () => {
  const found = await ask(`127.0.0.1:${portOf(lonely)}`)
  expect(found).toEqual({ addresses: ['127.0.0.1'], connection: 'accepted', said: '', asked: true })
})

test('a refused connection is distinguished from one that does not reach the address', async () => {
  expect(await ask('127.0.0.1:1')).toEqual({
    addresses: ['127.0.0.1'],
    connection: 'refused',
    said: 'Connection refused',
    asked: false,
  })
  // No machine has a TCP route to this address (RFC 5737; 0.0.0.0/8 is only this host).
  expect(await ask('255.255.255.255:6443')).toMatchObject({ connection: 'failed', said: expect.stringMatching(/./) })
})

test('a name that cannot be resolved has no address', async () => {
  expect(await ask('api.invalid:6443')).toMatchObject({ addresses: [], connection: 'failed' })
})

test('the facts include the CA of a host that is a node', async () => {
  const sandbox = new Sandbox()
  const path = sandbox.inside('/etc/kubernetes/pki/ca.crt')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, ca.certificate)
  expect((await ask('127.0.0.1:1', sandbox)).clusterCa).toBe(ca.certificate)
})
