import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { rowFormat, rowsIn } from '../../src/resources/drain/pod-rows.ts'
import { temporaryFolder } from '../kit/folder.ts'
import { ensureMirror } from '../kit/mirror.ts'

const labels = { app: 'web', 'evc.example/odd': 'x<y>&"\t' }
const pods = [
  {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      labels,
      annotations: { 'kubernetes.io/config.mirror': 'f00' },
      ownerReferences: [
        { kind: 'Other', controller: false },
        { kind: 'ReplicaSet', controller: true },
      ],
      deletionTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      nodeName: 'w1',
      volumes: [
        { name: 'a', configMap: {} },
        { name: 'b', emptyDir: { medium: 'Memory' } },
      ],
    },
    status: {
      phase: 'Running',
      conditions: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  },
  { metadata: { name: 'bare', namespace: 'shop' }, spec: {}, status: {} },
]
const selector = { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] }
const budgets = [
  {
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector, unhealthyPodEvictionPolicy: 'AlwaysAllow' },
    status: { disruptionsAllowed: 1, currentHealthy: 3, desiredHealthy: 2 },
  },
  { metadata: { name: 'new', namespace: 'shop' }, spec: { selector: {} } },
]

const verbs = ['get', 'list']
const api: Readonly<Record<string, object>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [
      {
        name: 'policy',
        versions: [{ groupVersion: 'policy/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'policy/v1', version: 'v1' },
      },
    ],
  },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs }],
  },
  '/apis/policy/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: 'policy/v1',
    resources: [
      {
        name: 'poddisruptionbudgets',
        singularName: 'poddisruptionbudget',
        namespaced: true,
        kind: 'PodDisruptionBudget',
        verbs,
      },
    ],
  },
  '/api/v1/pods': listOf('v1', 'Pod', pods),
  '/apis/policy/v1/poddisruptionbudgets': listOf('policy/v1', 'PodDisruptionBudget', budgets),
}

// An API server leaves the kind of the items of a list out.
function listOf(apiVersion: string, kind: string, items: readonly object[]): object {
  return { apiVersion, kind: `${kind}List`, metadata: { resourceVersion: '1' }, items }
}

const server = createServer((request, response) => {
  const found = api[new URL(request.url ?? '', 'http://server').pathname]
  response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }))
})

let kubectl: (...words: string[]) => Promise<string>

// The real kubectl, and a server in the place of an API server; no host is needed.
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

test.each(['pods,poddisruptionbudgets', 'pods', 'poddisruptionbudgets'])(
  'of pods and their budgets kubectl prints what a drain reads, however they are asked for: %s',
  async what => {
    const read = rowsIn(await kubectl('get', what, '--all-namespaces', '-o', rowFormat))
    const common = { namespace: 'shop' }
    expect(read.pods).toEqual(
      !what.includes('pods')
        ? []
        : [
            {
              ...common,
              ...{ name: 'web-1', node: 'w1', phase: 'Running', ready: true, controller: 'ReplicaSet' },
              ...{ isStatic: true, isEnding: true, hasEmptyDir: true, labels },
            },
            {
              ...common,
              ...{ name: 'bare', node: '', phase: '', ready: false, controller: '' },
              ...{ isStatic: false, isEnding: false, hasEmptyDir: false, labels: {} },
            },
          ],
    )
    expect(read.budgets).toEqual(
      !what.includes('budgets')
        ? []
        : [
            { ...common, name: 'web', allowed: 1, healthy: 3, needed: 2, policy: 'AlwaysAllow', selector },
            { ...common, name: 'new', allowed: 0, healthy: 0, needed: 0, policy: '', selector: {} },
          ],
    )
  },
)
