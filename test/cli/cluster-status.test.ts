import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import { isHealthy, readStatus, statusScripts } from '../../src/cli/status/cluster-status.ts'
import { statusText } from '../../src/cli/status/status-text.ts'
import { parseClusterFile } from '../../src/config/index.ts'
import { limits } from '../../src/core/limits.ts'
import { createPaint } from '../../src/report/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { type NodeGiven, nodesListed, type PodGiven, podsListed } from './listed.ts'

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
const nodes = (list: readonly NodeGiven[]) => answered(nodesListed(list))
const pods = (list: readonly PodGiven[]) => answered(podsListed(list))
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
  nodes([node('cp1', true), node('w1', true)]),
  pods([pod('etcd-cp1', true), { metadata: { name: 'job' }, status: { phase: 'Succeeded' } }]),
  answered('[+]ping ok\n[+]etcd ok\nreadyz check passed'),
  answered({ gitVersion: 'v1.36.4' }),
]
const text = (results: Parameters<typeof readStatus>[1]) =>
  statusText(readStatus(spec, results), {
    name: 'lab',
    file: 'cluster.yaml',
    reset: kubeadm.byHand.reset,
    paint: createPaint(false),
  })

describe('status', () => {
  test('has one answer for each question', () => expect(statusScripts(kubeadmApi, 2)).toHaveLength(healthy.length))

  test('of a cluster where all is well', () => {
    expect(isHealthy(readStatus(spec, healthy))).toBe(true)
    expect(text(healthy)).toMatchInlineSnapshot(`
      "lab: healthy, Kubernetes 1.36.4, 2 of 2 nodes ready

      NODE  ROLES          STATE  KUBELET  RUNTIME           ADDRESS   OS                   ARCH
      cp1   control-plane  ready  1.36.4   containerd 2.3.4  10.0.0.1  Debian GNU/Linux 13  amd64
      w1    worker         ready  1.36.4   containerd 2.3.4  10.0.0.1  Debian GNU/Linux 13  amd64"
    `)
  })

  test('names pods with addresses of another network, which run and work for nobody', () => {
    const at = (name: string, podIP: string, more: object = {}) => ({
      ...pod(name, true, { podIP }),
      spec: { nodeName: 'w1', ...more },
    })
    const found = [
      at('coredns-1', '10.88.0.5'),
      at('coredns-2', '10.244.1.7'),
      at('proxy', '192.0.2.21', { hostNetwork: true }),
    ]
    const results = healthy.with(1, pods(found))
    expect(isHealthy(readStatus(spec, results))).toBe(false)
    expect(readStatus(spec, results).pods).toEqual([
      { name: 'coredns-1', node: 'w1', problem: expect.stringContaining('its address is not of 10.244.0.0/16') },
    ])
    expect(text(results)).toContain('✘ kube-system/coredns-1 on w1: its address is not of 10.244.0.0/16')
    const own = { ...spec, network: { ...spec.network, cni: 'none' as const } }
    expect(isHealthy(readStatus(own, results))).toBe(true)
  })

  test('names nodes, pods and checks that are not as they should be', () => {
    const results = [
      nodes([node('cp1', false, { spec: { unschedulable: true } }), node('stray', true)]),
      pods([
        pod('coredns-1', false, {
          containerStatuses: [{ restartCount: 4, state: { waiting: { reason: 'CrashLoopBackOff' } } }],
        }),
      ]),
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

      stray: in the cluster but not in cluster.yaml. evcctl removes such nodes only when it is told to:
        evcctl remove stray cluster.yaml
        kubeadm reset    # then, on the machine itself"
    `)
  })

  test('says of pods on a node that is not ready that it is not, and not what they were last', () => {
    const running = [1, 2, 3, 4, 5].map(number => pod(`p${number}`, number === 5))
    const results = [nodes([node('cp1', false), node('w1', true)]), pods(running), ...healthy.slice(2)]
    expect(readStatus(spec, results).pods.map(({ problem }) => problem)).toEqual(
      Array.from({ length: 4 }, () => 'node cp1 is not ready'),
    )
    expect(text(results)).toContain(
      '✘ kube-system/p1 on cp1, kube-system/p2 on cp1, kube-system/p3 on cp1 and 1 more: node cp1 is not ready',
    )
  })

  test('of an API server that does not answer says what to look at', () => {
    const results = statusScripts(kubeadmApi, 2).map(() =>
      unreachable('The connection to the server 127.0.0.1:7443 was refused'),
    )
    expect(text(results)).toContain('its API server does not answer.')
    expect(text(results)).toContain('127.0.0.1:7443 was refused')
    expect(isHealthy(readStatus(spec, results))).toBe(false)
  })

  test('of no cluster says how to make one', () => {
    expect(text(statusScripts(kubeadmApi, 2).map(() => absent))).toBe(
      'lab: there is no cluster yet. To make it: evcctl apply cluster.yaml',
    )
  })

  test('of 5,000 nodes with many pods each, none of them well, fits into what a probe may print', () => {
    const numbers = Array.from({ length: 5000 }, (_, index) => index)
    const message = 'the kubelet has stopped: "container runtime is down", PLEG is not healthy: 3m5s'
    const large = [
      nodes(
        numbers.map(index => {
          const { metadata, status, ...rest } = node(`worker-${index}.rack-7.example`, false)
          return { ...rest, metadata, status: { ...status, conditions: [{ type: 'Ready', status: 'False', message }] } }
        }),
      ),
      pods(
        numbers.flatMap(index =>
          ['cilium', 'cilium-envoy', 'kube-proxy', 'node-dns'].map(name => {
            const conditions = [
              { type: 'Ready', status: 'False', message: `containers with unready status: [${name}]` },
            ]
            const containerStatuses = [{ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } } }]
            return pod(`${name}-${index}`, false, { conditions, containerStatuses })
          }),
        ),
      ),
      ...healthy.slice(2),
    ]
    for (const { stdout } of large) expect(stdout.length).toBeLessThan(limits.probeBytes / 2)
    const status = readStatus(spec, large)
    expect([status.nodes.length, status.pods.length, status.failingChecks.length]).toEqual([5002, 20_000, 0])
    expect(status.nodes[0]).toMatchObject({
      name: 'worker-0.rack-7.example',
      problems: [message],
      os: 'Debian GNU/Linux 13',
    })
    expect(status.pods[19_999]).toMatchObject({ name: 'node-dns-4999', problem: 'CrashLoopBackOff, 3 restarts' })
  })

  test('takes a message as it is, whatever is in it', () => {
    const message = ' a=b\nname=evil\n+%zz é \u{1f600} "\'\\\u0000'
    const results = [
      nodes([{ metadata: { name: 'cp1' }, status: { conditions: [{ type: 'Ready', status: 'Unknown', message }] } }]),
      pods([
        {
          metadata: { name: 'p' },
          status: { phase: 'Failed', message, containerStatuses: [{ restartCount: 2_500_000 }] },
        },
      ]),
      ...healthy.slice(2),
    ]
    const status = readStatus(spec, results)
    expect(status.nodes[0]?.problems).toEqual([message])
    expect(status.pods).toEqual([{ name: 'p', node: '', problem: `${message}, 2500000 restarts` }])
  })

  test('reads what kubectl itself printed of nodes', () => {
    const printed = `kind=List
name=w1
role=edge
cordoned=yes
notReady=weird%3A+%C3%A9+%22q%22+%0A%09+%25%2B%26%3D%3C%3E%00+%F0%9F%98%80
pressed=DiskPressure KubeletHasDiskPressure
address=10.0.0.1
kubelet=v1.36.4
runtime=containerd%3A%2F%2F2.3.4
os=Debian+GNU%2FLinux+13
architecture=amd64
`
    expect(readStatus(spec, [answered(printed), ...healthy.slice(1)]).nodes[0]).toEqual({
      name: 'w1',
      roles: ['worker'],
      state: 'not ready',
      problems: ['weird: é "q" \n\t %+&=<>\u0000 \u{1f600}', 'DiskPressure: KubeletHasDiskPressure'],
      unschedulable: true,
      inFile: true,
      kubelet: '1.36.4',
      runtime: 'containerd 2.3.4',
      address: '10.0.0.1',
      os: 'Debian GNU/Linux 13',
      architecture: 'amd64',
    })
  })

  test.each([
    '',
    'kind=Pod\nname=x\n',
    'name=x\n',
    'kind=List\nname=%zz\n',
    'kind=List\nready=yes\n',
    'kind=List\nx\n',
    '{"items":[]}',
  ])('of what is no list of nodes says so: %j', text =>
    expect(readStatus(spec, [answered(text), ...healthy.slice(1)]).apiProblem).toBe('what it gave is no list of nodes'),
  )

  const numbered = (count: number, line: (number: number) => string) =>
    Array.from({ length: count }, (_, number) => `${line(number)}\n`).join('')
  test.each([
    ['nodes', numbered(200_000, number => `name=n${number}`), '10000 nodes'],
    ['nodes of one name', 'name=a\n'.repeat(599_186), '10000 nodes'],
    ['roles of a node', `name=a\n${'role=b\n'.repeat(1000)}`, '256 lines for one of them'],
    ['fields', numbered(9_999, number => `name=n${number}\n${'a=b\n'.repeat(100)}`), '400000 lines'],
    ['of one field', `name=a\nos=${'x'.repeat(100_000)}\n`, '16384 characters in a line'],
  ])('reads no more of a list than any cluster has: %s', (_, lines, most) => {
    const { api, apiProblem } = readStatus(spec, [answered(`kind=List\n${lines}`), ...healthy.slice(1)])
    expect([api, apiProblem]).toEqual(['unreachable', `what it gave is no list of nodes: it has more than ${most}`])
  })

  test('reads no more pods than any cluster has, and no more of the checks of an API server', () => {
    const many = answered(`kind=List\n${numbered(60_000, number => `name=p${number}\nnode=cp1`)}`)
    const checks = unreachable('[-]etcd failed: x\n'.repeat(500_000))
    const { failingChecks, pods: listed } = readStatus(spec, [healthy[0]!, many, checks, healthy[3]!])
    expect(listed).toEqual([])
    expect(failingChecks.length).toBeLessThan(5_000)
    expect(failingChecks.at(-1)).toBe(
      'pods of kube-system: what it gave is no list of pods: it has more than 50000 pods',
    )
    const version = answered(`{"gitVersion":"v1.36.4","x":[${'[],'.repeat(100_000)}[]]}`)
    expect(readStatus(spec, healthy.with(3, version)).version).toBe('')
  })
})
