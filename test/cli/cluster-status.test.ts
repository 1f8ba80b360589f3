import { describe, expect, test } from 'vitest'
import { isHealthy, readStatus, statusScripts } from '../../src/cli/cluster-status.ts'
import { statusText } from '../../src/cli/status-text.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { createPaint } from '../../src/report/index.ts'

const spec = parseClusterFile(
  `apiVersion: evcctl.dev/v1alpha1
kind: Cluster
metadata: { name: lab }
spec:
  hosts:
    - { name: cp1, address: 192.0.2.11, roles: [control-plane] }
    - { name: w1, address: 192.0.2.21, roles: [worker] }
`,
  'cluster.yaml',
)

const answered = (value: unknown) => ({
  exitCode: 0,
  stdout: `api=answered\n${typeof value === 'string' ? value : JSON.stringify(value)}\n`,
  stderr: '',
})
const unreachable = (stderr: string) => ({ exitCode: 0, stdout: 'api=unreachable\n', stderr })
const absent = { exitCode: 0, stdout: 'api=absent\n', stderr: '' }

const node = (name: string, ready: boolean, more: object = {}) => ({
  metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
  spec: {},
  status: {
    conditions: [
      { type: 'MemoryPressure', status: 'False' },
      { type: 'Ready', status: ready ? 'True' : 'False', message: ready ? '' : 'container runtime network not ready' },
    ],
    addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
    nodeInfo: {
      kubeletVersion: 'v1.36.4',
      containerRuntimeVersion: 'containerd://2.3.4',
      osImage: 'Debian GNU/Linux 13',
      architecture: 'amd64',
    },
  },
  ...more,
})
const pod = (name: string, ready: boolean, status: object = {}) => ({
  metadata: { name },
  spec: { nodeName: 'cp1' },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }], ...status },
})
const healthy = [
  answered({ items: [node('cp1', true), node('w1', true)] }),
  answered({ items: [pod('etcd-cp1', true), { metadata: { name: 'job' }, status: { phase: 'Succeeded' } }] }),
  answered('[+]ping ok\n[+]etcd ok\nreadyz check passed'),
  answered({ gitVersion: 'v1.36.4' }),
]
const text = (results: Parameters<typeof readStatus>[1]) =>
  statusText(readStatus(spec, results), { name: 'lab', file: 'cluster.yaml', paint: createPaint(false) })

describe('status', () => {
  test('has one answer for each question', () => expect(statusScripts).toHaveLength(healthy.length))

  test('of a cluster where all is well', () => {
    expect(isHealthy(readStatus(spec, healthy))).toBe(true)
    expect(text(healthy)).toMatchInlineSnapshot(`
      "lab: healthy, Kubernetes 1.36.4, 2 of 2 nodes ready

      NODE  ROLES          STATE  KUBELET  RUNTIME           ADDRESS   OS                   ARCH
      cp1   control-plane  ready  1.36.4   containerd 2.3.4  10.0.0.1  Debian GNU/Linux 13  amd64
      w1    worker         ready  1.36.4   containerd 2.3.4  10.0.0.1  Debian GNU/Linux 13  amd64"
    `)
  })

  test('names nodes, pods and checks that are not as they should be', () => {
    const results = [
      answered({ items: [node('cp1', false, { spec: { unschedulable: true } }), node('stray', true)] }),
      answered({
        items: [
          pod('coredns-1', false, {
            containerStatuses: [{ ready: false, restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
          }),
        ],
      }),
      unreachable('[+]ping ok\n[-]etcd failed: reason withheld\nError from server (InternalError)'),
      answered({ gitVersion: 'v1.36.4' }),
    ]
    const status = readStatus(spec, results)
    expect(isHealthy(status)).toBe(false)
    expect(status.nodes.map(({ name, state, inFile }) => [name, state, inFile])).toEqual([
      ['cp1', 'not ready', true],
      ['stray', 'ready', false],
      ['w1', 'not joined', true],
    ])
    expect(text(results)).toMatchInlineSnapshot(`
      "lab: not healthy, Kubernetes 1.36.4, 1 of 3 nodes ready

      NODE   ROLES          STATE                   KUBELET  RUNTIME           ADDRESS     OS                   ARCH
      cp1    control-plane  not ready, cordoned     1.36.4   containerd 2.3.4  10.0.0.1    Debian GNU/Linux 13  amd64
      stray  worker         ready, not in the file  1.36.4   containerd 2.3.4  10.0.0.1    Debian GNU/Linux 13  amd64
      w1     worker         not joined              -        -                 192.0.2.21  -                    -

      ✘ cp1: container runtime network not ready
      ✘ kube-system/coredns-1 on cp1: CrashLoopBackOff, 4 restarts
      ✘ API server check etcd failed: reason withheld
      ✘ w1: in cluster.yaml but not joined. To join: evcctl apply cluster.yaml

      stray: in the cluster but not in cluster.yaml. evcctl leaves such nodes alone; to remove them:
        kubectl drain stray --ignore-daemonsets --delete-emptydir-data && kubectl delete node stray
        and then, on the machine itself: kubeadm reset"
    `)
  })

  test('says of pods on a node that is not ready that it is not, and not what they were last', () => {
    const running = [1, 2, 3, 4, 5].map(number => pod(`p${number}`, number === 5))
    const results = [
      answered({ items: [node('cp1', false), node('w1', true)] }),
      answered({ items: running }),
      ...healthy.slice(2),
    ]
    expect(readStatus(spec, results).pods.map(({ problem }) => problem)).toEqual(
      Array.from({ length: 4 }, () => 'node cp1 is not ready'),
    )
    expect(text(results)).toContain(
      '✘ kube-system/p1 on cp1, kube-system/p2 on cp1, kube-system/p3 on cp1 and 1 more: node cp1 is not ready',
    )
  })

  test('of an API server that does not answer says what to look at', () => {
    const results = statusScripts.map(() => unreachable('The connection to the server 127.0.0.1:7443 was refused'))
    expect(text(results)).toContain('its API server does not answer.')
    expect(text(results)).toContain('127.0.0.1:7443 was refused')
    expect(isHealthy(readStatus(spec, results))).toBe(false)
  })

  test('of no cluster says how to make one', () => {
    expect(text(statusScripts.map(() => absent))).toBe(
      'lab: there is no cluster yet. To make it: evcctl apply cluster.yaml',
    )
  })
})
