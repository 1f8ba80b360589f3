import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodesTemplate, podsTemplate } from '../../src/cli/status/list-templates.ts'
import { type NodeGiven, nodesListed, type PodGiven, podsListed } from '../cli/listed.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { ensureMirror } from '../kit/mirror.ts'

const odd = ' a=b\nname=evil\n\t+%zz %+&=<>é \u{1f600} "\'\\\u0000 {{.kind}}'
const long = `${'é'.repeat(999)}\u{1f600}${'x'.repeat(500)}`
const condition = (type: string, status: string, message?: string) => ({ type, status, message, reason: 'Because' })

const nodes: readonly NodeGiven[] = [
  { metadata: { name: 'bare' } },
  { metadata: { name: 'empty' }, spec: {}, status: {} },
  ...['True', 'False', 'Unknown'].map(status => ({
    metadata: { name: `ready-${status.toLowerCase()}`, labels: { 'node-role.kubernetes.io/': '', a: 'b' } },
    spec: { unschedulable: status === 'True' },
    status: {
      conditions: [condition('MemoryPressure', 'False', 'no'), condition('Ready', status, odd)],
      addresses: [
        { type: 'Hostname', address: 'h' },
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'InternalIP', address: '2001:db8::1' },
      ],
      nodeInfo: {
        kubeletVersion: 'v1.36.4',
        containerRuntimeVersion: 'containerd://2.3.4',
        osImage: odd,
        architecture: 'amd64',
      },
    },
  })),
  {
    metadata: { name: 'pressed', labels: { 'node-role.kubernetes.io/edge': '', 'node-role.kubernetes.io/b': 'x' } },
    status: {
      conditions: [
        condition('DiskPressure', 'True', long),
        condition('PIDPressure', 'True'),
        condition('Ready', 'False'),
      ],
    },
  },
]

const pods: readonly PodGiven[] = [
  { metadata: { name: 'empty' }, spec: {}, status: {} },
  ...[true, false, undefined].map(hostNetwork => ({
    metadata: { name: `network-${hostNetwork}` },
    spec: { nodeName: 'w1', ...(hostNetwork === undefined ? {} : { hostNetwork }) },
    status: { phase: 'Running', podIP: '10.244.1.2', conditions: [condition('Ready', 'True')] },
  })),
  ...['Running', 'Succeeded', 'Failed', 'Pending'].flatMap(phase =>
    ['True', 'False'].map(ready => ({
      metadata: { name: `${phase.toLowerCase()}-${ready.toLowerCase()}` },
      spec: { nodeName: 'w1' },
      status: {
        phase,
        conditions: [
          condition('Initialized', 'False'),
          condition('Ready', ready, odd),
          condition('PodScheduled', 'False', 'x'),
        ],
        containerStatuses: [
          { restartCount: 2_500_000, state: {} },
          { restartCount: 0, state: { waiting: { reason: odd } } },
          { restartCount: 999_999, state: { waiting: {} } },
        ],
      },
    })),
  ),
  {
    metadata: { name: 'evicted' },
    status: { phase: 'Failed', message: long, conditions: [condition('Ready', 'False', 'x')] },
  },
  { metadata: { name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' }, status: { phase: 'Pending' } },
]

const api: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [
      { name: 'nodes', singularName: 'node', namespaced: false, kind: 'Node', verbs: ['get', 'list'] },
      { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] },
    ],
  },
  '/api/v1/nodes': listOf('Node', nodes),
  '/api/v1/namespaces/kube-system/pods': listOf('Pod', pods),
  '/api/v1/namespaces/none/pods': listOf('Pod', []),
}

function listOf(kind: string, items: readonly object[]): object {
  const whole = items.map(item => ({ apiVersion: 'v1', kind, ...item }))
  return { apiVersion: 'v1', kind: `${kind}List`, metadata: { resourceVersion: '1' }, items: whole }
}

const server = createServer((request, response) => {
  const found = api[new URL(request.url ?? '', 'http://server').pathname]
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }))
})

let kubectl: (...words: string[]) => Promise<string>

// The real kubectl and a server that says what real nodes rarely do; no host is needed.
beforeAll(async () => {
  const mirror = await ensureMirror({ write: line => console.log(line) })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64'
  const program = join(mirror.folder, `dl.k8s.io/release/v${mirror.versions.kubernetes}/bin/linux/${arch}/kubectl`)
  kubectl = async (...words) => {
    await using folder = await temporaryFolder()
    const config = join(folder.path, 'config')
    await writeFile(config, '')
    const start = [`--kubeconfig=${config}`, `--server=http://127.0.0.1:${port}`, '--cache-dir=/dev/null/evcctl']
    return (await promisify(execFile)(program, [...start, ...words])).stdout
  }
})

afterAll(() => {
  server.close()
})

describe('of a list kubectl prints what status reads:', () => {
  test('nodes', async () => {
    expect(await kubectl('get', 'nodes', '-o', `go-template=${nodesTemplate}`)).toBe(nodesListed(nodes))
  })

  test('pods', async () => {
    expect(await kubectl('get', 'pods', '-n', 'kube-system', '-o', `go-template=${podsTemplate}`)).toBe(
      podsListed(pods),
    )
  })

  test('none', async () => {
    expect((await kubectl('get', 'pods', '-n', 'none', '-o', `go-template=${podsTemplate}`)).trim()).toBe('kind=List')
  })
})
