import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/core/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { explainNode, type NetworkPath } from '../../src/resources/network-check/cause.ts'
import { networkCheck } from '../../src/resources/network-check/network-check.ts'
import { checkPods } from '../../src/resources/network-check/pods.ts'
import type { NodeResults } from '../../src/resources/network-check/script.ts'
import { checkName, checkPodsGiven, podsGiven, resultsGiven, vxlan } from './network-check-given.ts'
import { Sandbox } from './sandbox.ts'
import { stateOf } from './state-of.ts'

const network = 'flannel 0.28.4 vxlan, pods 10.244.0.0/16'
const peers = [
  { node: 'cp1', address: '192.0.2.10' },
  { node: 'w1', address: '192.0.2.11' },
]
const pods = new Output([], () => checkPodsGiven)
const resource = networkCheck({ api: kubeadmApi, node: 'w2', peers, network, path: vxlan, pods })
const desired = { network, peers, pods: checkPodsGiven }

function fieldsFor(stdout: string) {
  const current = resource.probe.parse({ exitCode: 0, stdout, stderr: '' })
  return resource.diff(current, desired, { watched: [] })?.fields
}

const proven = `network=${network}\nreached=cp1 192.0.2.10\nreached=w1 192.0.2.11\n`

describe('what was proven', () => {
  test.each([
    ['is not proven again', proven, undefined],
    ['may be of more nodes than there are now', `${proven}reached=w9 192.0.2.99\n`, undefined],
    ['nothing, on a new node', '', [{ field: 'pods reach', after: 'cp1, w1, DNS' }]],
    [
      'says nothing of a node that is new',
      `network=${network}\nreached=cp1 192.0.2.10\n`,
      [{ field: 'pods reach', after: 'w1' }],
    ],
    [
      'says nothing of a node of another address',
      proven.replace('192.0.2.11', '192.0.2.77'),
      [{ field: 'pods reach', after: 'w1' }],
    ],
    [
      'says nothing of another network',
      proven.replace('vxlan', 'host-gw'),
      [
        { field: 'network', before: network.replace('vxlan', 'host-gw'), after: network },
        { field: 'pods reach', after: 'cp1, w1, DNS' },
      ],
    ],
  ])('%s', (_what, stdout, fields) => {
    expect(fieldsFor(stdout)).toEqual(fields)
  })

  test.each([
    ['', []],
    ['x', ['cp1 192.0.2.10', 'w1 192.0.2.11']],
  ])('says nothing of a host that is no node any more: credentials %j', async (credentials, reached) => {
    const sandbox = new Sandbox()
    for (const [path, content] of [
      ['/etc/kubernetes/kubelet.conf', credentials],
      ['/var/lib/evcctl/network-check', proven],
    ] as const) {
      mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
      writeFileSync(sandbox.inside(path), content)
    }
    expect((await sandbox.probe(resource)).reached).toEqual(reached)
  })

  test('is noted after it was proven, in the form that the probe reads', () => {
    const [, , note] = resource.converge(stateOf(resource), desired)
    if (note === undefined || !('write' in note)) throw new Error('expected a file')
    expect(fieldsFor(String(note.content))).toBeUndefined()
  })
})

describe('the pods of a check', () => {
  const one = checkPods({ api: kubeadmApi, image: 'registry.k8s.io/pause:3.10.2' })

  test('are made by the script of the golden', async () => {
    const script = one.run.replace(/\.{16384}/, '<16384 dots>')
    await expect(script).toMatchFileSnapshot('../goldens/resources/network-check-pods.sh')
  })

  test('are read with why they do not run', () => {
    const stdout = `name=${checkName}
dns=yes
dnsNode=cp1
dnsNode=cp1
dnsNode=
pod=cp1\t${checkName}-a\t10.244.0.5\t192.0.2.10\tRunning\t\t\t\t
pod=w1\t${checkName}-b\t\t192.0.2.11\tPending\tImagePullBackOff\tpull access denied\t\t
pod=w2\t${checkName}-c\t\t\tFailed\t\t\tOutOfpods\tToo many pods
`
    expect(one.parse({ exitCode: 0, stdout, stderr: '' })).toEqual({
      name: checkName,
      dnsNodes: ['cp1'],
      pods: [
        { node: 'cp1', name: `${checkName}-a`, address: '10.244.0.5', hostAddress: '192.0.2.10', problem: '' },
        {
          node: 'w1',
          name: `${checkName}-b`,
          address: '',
          hostAddress: '192.0.2.11',
          problem: 'ImagePullBackOff: pull access denied',
        },
        { node: 'w2', name: `${checkName}-c`, address: '', hostAddress: '', problem: 'OutOfpods: Too many pods' },
      ],
    })
  })

  test('are read with the last warning, where they themselves do not tell why', () => {
    const sandbox = (why: string) =>
      `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${'5c'.repeat(32)}": ${why}`
    const stdout = `name=${checkName}
event=${checkName}-a\tReadiness probe failed: connection refused
event=${checkName}-b\t${sandbox('no agent yet')}
event=${checkName}-b\t${sandbox('plugin type="cilium-cni" failed (add)')}
event=${checkName}-c\tBack-off pulling image
pod=cp1\t${checkName}-a\t10.244.0.5\t192.0.2.10\tRunning\t\t\t\t
pod=w1\t${checkName}-b\t\t192.0.2.11\tPending\tContainerCreating\t\t\t
pod=w2\t${checkName}-c\t\t192.0.2.12\tPending\tImagePullBackOff\tpull access denied\t\t
`
    expect(one.parse({ exitCode: 0, stdout, stderr: '' }).pods.map(({ problem }) => problem)).toEqual([
      '',
      'ContainerCreating: Failed to create pod sandbox: failed to setup network for sandbox: plugin type="cilium-cni" failed (add)',
      'ImagePullBackOff: pull access denied',
    ])
  })

  test('that could not be made are an error with what kubectl said', () => {
    const raw = { exitCode: 1, stdout: '', stderr: 'error: forbidden' }
    expect(() => one.parse(raw)).toThrow(/could not be created[\s\S]*error: forbidden/)
  })

  test.each([
    ['name of the check', 'name=$(reboot)'],
    ['node', `name=${checkName}\npod=w1;reboot\t${checkName}-b\t10.244.0.5\t192.0.2.11\tRunning`],
    ['pod', `name=${checkName}\npod=w1\t../x\t10.244.0.5\t192.0.2.11\tRunning`],
    ['address', `name=${checkName}\npod=w1\t${checkName}-b\t10.244.0.5/$(id)\t192.0.2.11\tRunning`],
    ['address of a node', `name=${checkName}\npod=w1\t${checkName}-b\t10.244.0.5\tw1.example\tRunning`],
    ['node of the DNS', `name=${checkName}\ndns=yes\ndnsNode='`],
  ])('with a %s that is none go to no other host', (_, stdout) => {
    expect(() => one.parse({ exitCode: 0, stdout: `${stdout}\n`, stderr: '' })).toThrow(/cannot be right/)
  })

  test('are deleted by the label that they all have', () => {
    expect(one.revoke!(checkPodsGiven)).toContain(
      `delete pods,configmaps,jobs --selector 'evcctl.dev/network-check=${checkName}'`,
    )
  })
})

describe('why pods do not reach each other', () => {
  const timeout = 'Unable to connect to the server: dial tcp 10.244.1.5:18400: i/o timeout'
  const silent = (to: string, hostsReach: 'yes' | 'no') => `${to}\tsilent\t${hostsReach}\t${timeout}`
  const hostGw: NetworkPath = {
    name: 'host-gw of flannel',
    filter: 'net 10.244.0.0/16',
    podCIDR: '10.244.0.0/16',
  }
  const lookup =
    'Unable to connect to the server: dial tcp: lookup kubernetes.default.svc on 10.96.0.10:53: i/o timeout'

  test.each<[string, NodeResults, NetworkPath]>([
    ['a blocked overlay', resultsGiven('w2', [silent('w1', 'yes')]), vxlan],
    ['a missing route', resultsGiven('w2', [silent('w1', 'yes')]), hostGw],
    ['hosts that do not reach each other', resultsGiven('w2', [silent('w1', 'no'), silent('cp1', 'no')]), vxlan],
    ['an MTU', resultsGiven('w2', ['w1\tlarge\tyes\t']), vxlan],
    ['DNS alone', resultsGiven('w2', [], `dns\t${lookup}`), vxlan],
    ['Services alone', resultsGiven('w2', [], `service\t${timeout}`), vxlan],
  ])('is told with evidence and cure: %s', async (what, results, path) => {
    const details = explainNode('w2', results, checkPodsGiven, path)
    const text = Object.entries(details ?? {}).map(([key, value]) => `${key}:\n${value}\n`)
    const file = what.replaceAll(' ', '-').toLowerCase()
    await expect(text.join('')).toMatchFileSnapshot(`../goldens/resources/network-check/${file}.txt`)
  })

  test('addresses of another network are the evidence, and the way between the nodes is not blamed', () => {
    const pods = podsGiven({ w1: '10.88.0.2\t192.0.2.11\tRunning\t\t\t\t' })
    const details = explainNode('w2', resultsGiven('w2', [silent('w1', 'yes')]), pods, vxlan)
    expect(details?.actual).toContain('on w1: address 10.88.0.2')
    expect(details?.next).toMatch(/Pods on w1 \(192\.0\.2\.\d+\) have addresses that are not of 10\.244\.0\.0\/16/)
    expect(details?.next).toContain('/etc/cni/net.d')
    expect(details?.next).not.toContain('is dropped')
  })

  test('nothing is said where all is well', () => {
    expect(explainNode('w2', resultsGiven('w2', []), checkPodsGiven, vxlan)).toBeUndefined()
  })

  test('a failed step is explained by what it printed', () => {
    const stdout = `pair=cp1\treached\t\t\npair=w1\tsilent\tyes\t${timeout}\nservice=reached\t\n`
    const details = resource.explain!({ step: 0, exitCode: 1, stdout, stderr: '' }, desired)
    expect(details?.problem).toBe('Pods on w2 do not reach pods on w1.')
    expect(details?.next).toContain('UDP port 8472')
  })
})
