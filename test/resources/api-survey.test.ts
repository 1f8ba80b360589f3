import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { surveyProbe } from '../../src/core/index.ts'
import { answerFor, apiPath, askApi } from '../../src/resources/api/api-survey.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { Sandbox } from './sandbox.ts'

const paths = ['/api/v1/nodes', '/api/v1/namespaces/none', '/apis/apps/v1/forbidden']
const probe = surveyProbe({ asks: [askApi(kubeadmApi, paths)], parse: raw => paths.map(path => answerFor(raw, path)) })

/** A sandbox with an admin.conf whose certificate is its own CA. */
function controlPlane(port: number) {
  const sandbox = new Sandbox()
  const folder = sandbox.inside('/etc/kubernetes/pki')
  mkdirSync(folder, { recursive: true })
  const options =
    '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=admin -addext subjectAltName=IP:127.0.0.1'
  execFileSync('sh', ['-c', `openssl req -x509 ${options} -keyout '${folder}/key' -out '${folder}/ca.crt' 2>/dev/null`])
  const base64 = (name: string) => readFileSync(`${folder}/${name}`).toString('base64')
  const lines = [
    `    server: https://127.0.0.1:${port}`,
    `    client-certificate-data: ${base64('ca.crt')}`,
    `    client-key-data: ${base64('key')}`,
  ]
  writeFileSync(`${folder}/../admin.conf`, `${lines.join('\n')}\n`)
  const tls = { cert: readFileSync(`${folder}/ca.crt`), key: readFileSync(`${folder}/key`) }
  return { sandbox, tls: { ...tls, ca: tls.cert, requestCert: true } }
}

test('several objects are asked for over one connection, as the administrator', async () => {
  const image = { names: ['r.example/a@sha256:1', 'r.example/a:1'], sizeBytes: 7 }
  const items = [{ metadata: { name: 'w1', annotations: { a: '"images":[' } }, status: { images: [image, image] } }]
  let connections = 0
  const { tls, sandbox } = controlPlane(0)
  const server = createServer(tls, (request, response) => {
    const answers: Readonly<Record<string, readonly [number, object]>> = {
      '/api/v1/nodes': [200, { kind: 'NodeList', items }],
      '/apis/apps/v1/forbidden': [403, { kind: 'Status', message: 'you may not' }],
    }
    const [code, body] = answers[request.url ?? ''] ?? [404, { kind: 'Status', message: 'not found' }]
    response.writeHead(code).end(`${JSON.stringify(body)}\n`)
  })
  server.on('secureConnection', socket => {
    connections += socket.authorized ? 1 : 100
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const conf = sandbox.inside('/etc/kubernetes/admin.conf')
  writeFileSync(conf, readFileSync(conf, 'utf8').replace(':0\n', `:${port}\n`))
  const raw = await sandbox.sh(probe.script)
  server.close()
  expect(probe.parse(raw)).toEqual([
    { api: 'answered', object: { kind: 'NodeList', items: [{ ...items[0], status: { images: [] } }] } },
    { api: 'answered', object: undefined },
    { api: 'unreachable', said: 'you may not' },
  ])
  expect(raw.stderr).toBe('')
  expect(connections).toBe(1)
})

test('an API server that does not listen is said to be unreachable', async () => {
  const { sandbox } = controlPlane(1)
  const answers = probe.parse(await sandbox.sh(probe.script))
  expect(answers).toHaveLength(paths.length)
  for (const answer of answers)
    expect(answer).toEqual({ api: 'unreachable', said: expect.stringMatching(/^Failed to connect/) })
})

test('a host without a cluster, or with one that will be reset, is not asked', async () => {
  expect(probe.parse(await new Sandbox().sh(probe.script))).toEqual(paths.map(() => ({ api: 'absent' })))
  const { sandbox } = controlPlane(1)
  mkdirSync(sandbox.inside('/var/lib/kubelet'), { recursive: true })
  writeFileSync(sandbox.inside('/var/lib/kubelet/evcctl-unfinished'), '')
  expect(probe.parse(await sandbox.sh(probe.script))).toEqual(paths.map(() => ({ api: 'absent' })))
})

test.each([
  [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'b' } },
    '/api/v1/namespaces/b/configmaps/a',
  ],
  [
    { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'a', namespace: 'b' } },
    '/apis/apps/v1/namespaces/b/daemonsets/a',
  ],
  [
    { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', metadata: { name: 'a' } },
    '/apis/networking.k8s.io/v1/ingressclasses/a',
  ],
  [
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'a', namespace: 'b' } },
    '/apis/networking.k8s.io/v1/namespaces/b/networkpolicies/a',
  ],
])('the API server knows %j by its path', (object, path) => {
  expect(apiPath(object)).toBe(path)
})

test('a list of nodes comes without what nobody asks for, and with all that is asked for', async () => {
  const asked = {
    metadata: {
      name: 'w1',
      labels: { capacity: 'x', 'topology.kubernetes.io/zone': 'a' },
      annotations: { a: '"addresses":[{"', b: '{"nodeInfo":{"a":"}"},"capacity":{}}', c: 'back\\', d: ']}' },
    },
    spec: { unschedulable: true, taints: [{ key: 'addresses', effect: 'NoSchedule' }] },
    status: { conditions: [{ type: 'Ready', status: 'True', message: '"managedFields":[1]' }] },
  }
  const managedFields = [{ manager: 'a"]}\\', fieldsV1: { 'f:status': { 'k:{"type":"[Ready]"}': { '.': {} } } } }]
  const details = {
    addresses: [{ type: 'Hostname', address: 'w1' }],
    capacity: { cpu: '4' },
    nodeInfo: { osImage: 'a {"} b' },
    volumesAttached: [{ name: 'v]', devicePath: '' }],
  }
  const nested = { nodeInfo: { swap: { capacity: 1 } }, allocatable: { a: { b: 'c' } } }
  const node = (more: object) => ({
    ...asked,
    metadata: { ...asked.metadata, managedFields },
    status: { ...more, ...asked.status },
  })
  const list = { kind: 'NodeList', items: [node(details), node(nested), node(details)] }
  const { tls, sandbox } = controlPlane(0)
  const server = createServer(tls, (_, response) => response.writeHead(200).end(`${JSON.stringify(list)}\n`))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const conf = sandbox.inside('/etc/kubernetes/admin.conf')
  writeFileSync(conf, readFileSync(conf, 'utf8').replace(':0\n', `:${port}\n`))
  const one = surveyProbe({
    asks: [askApi(kubeadmApi, ['/api/v1/nodes'])],
    parse: raw => answerFor(raw, '/api/v1/nodes'),
  })
  const answer = one.parse(await sandbox.sh(one.script))
  server.close()
  const left = (more: object) => ({
    ...asked,
    metadata: { ...asked.metadata, managedFields: [] },
    status: { ...more, ...asked.status },
  })
  const short = left({ addresses: [], capacity: {}, nodeInfo: {}, volumesAttached: [] })
  expect(answer).toEqual({ api: 'answered', object: { kind: 'NodeList', items: [short, left(nested), short] } })
})
