import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import { type NodeDnsState, nodeDns } from '../../src/resources/dns/node-dns.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { absent, answered, unreachable } from './api-given.ts'
import { deploymentPath } from './dns-given.ts'
import { Sandbox } from './sandbox.ts'

const servicePath = '/api/v1/namespaces/kube-system/services/kube-dns'
const daemonSetPath = '/apis/apps/v1/namespaces/kube-system/daemonsets/coredns-node'
const wanted = nodeDns({ api: kubeadmApi, wanted: true })
const unwanted = nodeDns({ api: kubeadmApi, wanted: false })

const container = (image: string) => ({
  name: 'coredns',
  image,
  args: ['-conf', '/etc/coredns/Corefile'],
  resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
})
/** kubeadm's Deployment, as the API server gives it. */
const coredns = ({ image = 'coredns:1', replicas = 2 } = {}) => ({
  metadata: { name: 'coredns' },
  spec: {
    replicas,
    template: {
      metadata: { labels: { 'k8s-app': 'kube-dns' } },
      spec: {
        affinity: { podAntiAffinity: {} },
        containers: [container(image)],
        dnsPolicy: 'Default',
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: 'coredns',
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
      },
    },
  },
})
const service = (spec: object = {}) => ({ metadata: { name: 'kube-dns' }, spec: { clusterIP: '10.96.0.10', ...spec } })
const sameNode = { trafficDistribution: 'PreferSameNode' }

function given(deployment?: object, daemonSet?: object, kubeDns: object | undefined = service()): ProbeResult {
  return answered({ [deploymentPath]: deployment, [servicePath]: kubeDns, [daemonSetPath]: daemonSet })
}

/** What is made of it. */
function made(image = 'coredns:1'): object {
  const state = wanted.probe.parse(given(coredns({ image }))) as Extract<NodeDnsState, { api: 'answered' }>
  return { ...state.wanted, status: { numberReady: 2 } }
}

const changeFor = (raw: ProbeResult, resource = wanted) =>
  resource.diff(resource.probe.parse(raw), { wanted: resource === wanted }, { watched: [] })
const applied = { field: 'DaemonSet coredns-node', after: 'applied' }
const preferred = { field: 'Service kube-dns trafficDistribution', after: 'PreferSameNode' }

test('how many of its pods are Ready is no part of what is read, since nobody has to have changed it', () => {
  const { probe } = wanted
  const status = { ...made(), status: { numberReady: 1 } }
  expect(probe.parse(given(coredns({ image: 'coredns:1' }), status))).toEqual(
    probe.parse(given(coredns({ image: 'coredns:1' }), made())),
  )
})

test('the CoreDNS of every node is that of kubeadm: it runs wherever pods do, and asks for little', () => {
  expect(made()).toMatchObject({
    kind: 'DaemonSet',
    metadata: { name: 'coredns-node', namespace: 'kube-system' },
    spec: {
      selector: { matchLabels: { 'evcctl.dev/dns': 'node' } },
      template: {
        metadata: { labels: { 'k8s-app': 'kube-dns', 'evcctl.dev/dns': 'node' } },
        spec: {
          containers: [
            {
              ...container('coredns:1'),
              resources: { limits: { memory: '170Mi' }, requests: { cpu: '25m', memory: '40Mi' } },
            },
          ],
          dnsPolicy: 'Default',
          priorityClassName: 'system-node-critical',
          serviceAccountName: 'coredns',
          tolerations: [{ operator: 'Exists' }],
        },
      },
    },
  })
  expect(made()).not.toHaveProperty('spec.template.spec.affinity')
  // kubeadm upgrade refuses two Deployments of that label.
  expect(made()).not.toHaveProperty('metadata.labels')
})

describe('the CoreDNS of every node', () => {
  test.each<[string, ProbeResult, object | undefined]>([
    ['of a cluster that is not there yet', absent, { action: 'create', fields: [applied, preferred] }],
    ['that is not there yet', given(coredns()), { action: 'create', fields: [applied, preferred] }],
    ['that is there', given(coredns(), made(), service(sameNode)), undefined],
    ['whose Service kubeadm wrote again', given(coredns(), made()), { action: 'update', fields: [preferred] }],
    [
      'of an earlier version',
      given(coredns({ image: 'coredns:2' }), made(), service(sameNode)),
      {
        action: 'update',
        fields: [
          {
            field: 'DaemonSet coredns-node spec.template.spec.containers[coredns].image',
            before: 'coredns:1',
            after: 'coredns:2',
          },
        ],
      },
    ],
    ['of a cluster that has replaced CoreDNS', given(undefined), undefined],
    ['of a cluster that has switched it off', given(coredns({ replicas: 0 })), undefined],
    [
      'of a cluster in which somebody else has said how the Service spreads',
      given(coredns(), made(), service({ trafficDistribution: 'PreferSameZone' })),
      undefined,
    ],
    [
      'of a cluster in which somebody else has bound the Service to its node',
      given(coredns(), made(), service({ internalTrafficPolicy: 'Local' })),
      undefined,
    ],
    [
      'of a cluster that does not answer',
      unreachable,
      { action: 'update', fields: [], note: expect.stringContaining('Connection refused') },
    ],
  ])('is compared with what is there: one %s', (_what, raw, change) => {
    expect(changeFor(raw)).toEqual(change)
  })

  test.each<[string, ProbeResult, object | undefined]>([
    ['that was never made', given(coredns()), undefined],
    ['of a cluster that is not there yet', absent, undefined],
    [
      'that is there',
      given(coredns(), made(), service(sameNode)),
      {
        action: 'delete',
        fields: [
          { field: 'Service kube-dns trafficDistribution', before: 'PreferSameNode' },
          { field: 'DaemonSet coredns-node', before: 'there' },
        ],
      },
    ],
    [
      'whose Service somebody else has changed',
      given(coredns(), made(), service({ trafficDistribution: 'PreferSameZone' })),
      { action: 'delete', fields: [{ field: 'DaemonSet coredns-node', before: 'there' }] },
    ],
  ])('goes where it is not wanted: one %s', (_what, raw, change) => {
    expect(changeFor(raw, unwanted)).toEqual(change)
  })

  /** What kubectl is asked for, with its input. */
  async function asked(raw: ProbeResult, resource = wanted): Promise<string> {
    const sandbox = new Sandbox()
    const script = resource.converge(resource.probe.parse(raw), { wanted: resource === wanted })[0]
    if (script === undefined || !('run' in script)) throw new Error('expected a script')
    const fake = `kubectl() { echo "kubectl $*"; case $* in *'-f -') cat;; esac; }\n`
    const { stdout, exitCode } = await sandbox.sh(
      `set -eu\n${fake}${script.run.replaceAll(kubeadmApi.kubectl, 'kubectl')}`,
    )
    expect(exitCode).toBe(0)
    return stdout
  }

  test('is there before anybody asks it', async () => {
    const lines = (await asked(given(coredns({ image: "it's" })))).split('\n')
    expect(lines[0]).toContain('apply --server-side')
    expect(JSON.parse(lines[1]!)).toMatchObject({ spec: { template: { spec: { containers: [{ image: "it's" }] } } } })
    expect(lines[2]).toContain(
      'patch service kube-dns --type=merge --patch={"spec":{"trafficDistribution":"PreferSameNode"}}',
    )
  })

  test('is written only where it is another', async () => {
    expect(await asked(given(coredns(), made()))).not.toContain('apply')
    expect(await asked(given(coredns({ image: 'new' }), made(), service(sameNode)))).not.toContain('patch')
  })

  test('is no longer asked before it goes', async () => {
    const [patch, remove] = (await asked(given(coredns(), made(), service(sameNode)), unwanted)).split('\n')
    expect(patch).toContain('--patch={"spec":{"trafficDistribution":null}}')
    expect(remove).toContain('delete daemonset coredns-node')
  })
})
