import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProbeResult } from '../../src/core/index.ts'
import type { ClusterDocuments } from '../../src/resources/kubeadm/cluster-record.ts'
import { controlPlaneConfiguration } from '../../src/resources/kubeadm/control-plane-configuration.ts'
import { clusterConfiguration, kubeletConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { finishServingCertificate, newServingCertificateMark } from '../../src/resources/kubeadm/serving-certificate.ts'
import { Sandbox } from './sandbox.ts'

function documents(certSANs: readonly string[], patch = {}): ClusterDocuments {
  return {
    cluster: clusterConfiguration({
      name: 'edge',
      version: '1.36.4',
      endpoint: '127.0.0.1:7443',
      certSANs,
      podCIDR: '10.244.0.0/16',
      serviceCIDR: '10.96.0.0/12',
      nodePrefix: 24,
      clusterDomain: 'cluster.local',
      patch,
    }),
    kubelet: kubeletConfiguration({}),
    kubeProxy: undefined,
  }
}

const wanted = (given: ClusterDocuments, advertiseAddress = '192.0.2.12') =>
  controlPlaneConfiguration({
    configuration: '/etc/evcctl/kubeadm.yaml',
    store: 'containerd',
    documents: given,
    advertiseAddress,
    bindPort: 6443,
    file: 'cluster.yaml',
  })

const base64 = (text: string) => Buffer.from(text).toString('base64')

function node(made: ClusterDocuments | undefined): ProbeResult {
  const lines = [
    'joined=yes',
    ...(made === undefined ? [] : [`record=${base64(JSON.stringify(made))}`]),
    'advertiseAddress=192.0.2.12',
    'bindPort=6443',
  ]
  return { exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '' }
}

function changeOf(resource: ReturnType<typeof wanted>, raw: ProbeResult) {
  return resource.diff(resource.probe.parse(raw), resource.desired as never, { watched: [] })
}

function commands(resource: ReturnType<typeof wanted>, raw: ProbeResult): readonly string[] {
  return resource
    .converge(resource.probe.parse(raw), resource.desired as never)
    .flatMap(step => ('run' in step ? [...step.run.matchAll(/kubeadm init phase [a-z-]+ [a-z-]+/g)] : []))
    .map(match => match[0])
}

const verbose = { apiServer: { extraArgs: [{ name: 'v', value: '2' }] } }

describe('the configuration of a further control plane node', () => {
  test('is nothing on a host that is none', () => {
    expect(changeOf(wanted(documents([])), { exitCode: 0, stdout: '', stderr: '' })).toBeUndefined()
  })

  test('is as it was recorded', () => {
    expect(changeOf(wanted(documents([])), node(documents([])))).toBeUndefined()
  })

  test('follows an argument, and leaves to the first node what the cluster remembers', () => {
    const resource = wanted(documents([], verbose))
    expect(changeOf(resource, node(documents([])))?.fields.map(({ field }) => field)).toEqual(['apiServer.extraArgs'])
    expect(commands(resource, node(documents([])))).toEqual(['kubeadm init phase control-plane all'])
  })

  // The former manifests were put back, and the run was cut off before it replaced them again.
  test('replaces etcd as well where the manifests in place are older than what kubeadm wrote last', () => {
    const resource = wanted(documents([]))
    const raw = node(documents([]))
    const lines = ['version=1.36.4', 'version=1.35.8', `edited=kube-apiserver ${base64('new')} ${base64('old')}`]
    const back = { ...raw, stdout: `${raw.stdout}${lines.join('\n')}\n` }
    expect(changeOf(resource, back)?.fields.map(({ field }) => field)).toEqual([
      'kube-apiserver.yaml, not as kubeadm made it last',
    ])
    expect(commands(resource, back)).toEqual(['kubeadm init phase control-plane all', 'kubeadm init phase etcd local'])
  })

  test('goes back when an argument is taken out of cluster.yaml', () => {
    expect(changeOf(wanted(documents([])), node(documents([], verbose)))?.fields).toHaveLength(1)
  })

  test('is made again where somebody edited a manifest', () => {
    const resource = wanted(documents([]))
    const { stdout, ...raw } = node(documents([]))
    const edited = { ...raw, stdout: `${stdout}edited=kube-scheduler ${base64('made')} ${base64('by hand')}\n` }
    expect(changeOf(resource, edited)?.fields).toEqual([
      { field: 'kube-scheduler.yaml, not as kubeadm made it last', before: 'by hand', after: 'made' },
    ])
    expect(commands(resource, edited)).toEqual(['kubeadm init phase control-plane all'])
  })

  test('makes a certificate for a new name', () => {
    const resource = wanted(documents(['api.example']))
    expect(commands(resource, node(documents(['api.example'])))).toEqual(['kubeadm init phase certs apiserver'])
  })

  test('waits for its own API server, not for any', () => {
    const steps = wanted(documents([], verbose)).converge(
      wanted(documents([])).probe.parse(node(documents([]))),
      {} as never,
    )
    const waits = steps.flatMap(step => ('until' in step ? [step.until.script] : []))
    expect(waits.length).toBeGreaterThan(0)
    for (const script of waits) expect(script).toMatch(/--server='?https:\/\/192\.0\.2\.12:6443/)
  })

  test('waits for no API server before its static pods change: that of this node may need the change', () => {
    const resource = wanted(documents(['api.example'], verbose))
    const steps = resource.converge(resource.probe.parse(node(documents([]))), {} as never)
    const swap = steps.findIndex(step => 'run' in step && step.run.includes('kubeadm init phase control-plane all'))
    expect(swap).toBeGreaterThan(0)
    expect(steps.slice(0, swap).some(step => 'until' in step)).toBe(false)
    expect(steps.slice(0, swap).some(step => 'run' in step && step.run.includes('before its change'))).toBe(false)
    expect(steps.slice(swap).some(step => 'until' in step)).toBe(true)
  })

  test('is made again when nothing is known of it', () => {
    expect(commands(wanted(documents([])), node(undefined))).toEqual(['kubeadm init phase control-plane all'])
  })

  test('puts back the manifests of a change that was cut off and makes them again, though the file says again what was recorded', () => {
    const resource = wanted(documents([]))
    const cutOff = node(documents([]))
    const raw = { ...cutOff, stdout: `${cutOff.stdout}cutOff=control plane\n` }
    expect(changeOf(resource, raw)?.fields).toEqual([
      { field: 'control plane', before: 'cut off while it was changed', after: 'as wanted' },
    ])
    // It may itself have been edited by hand.
    expect(commands(resource, raw)).toEqual(['kubeadm init phase control-plane all'])
    expect(JSON.stringify(resource.converge(resource.probe.parse(raw), {} as never))).toContain('putting back')
  })

  const image = (version: string) => `- --secure-port=6443\nimage: registry.k8s.io/kube-apiserver:v${version}\n`
  test.each<[string, readonly (readonly [string, string])[]]>([
    ['after its manifests were in place', [['/etc/kubernetes/manifests/kube-apiserver.yaml', image('1.36.4')]]],
    ['while none was there', []],
  ])('counts as one of the former version where a change to another was cut off %s', async (_, now) => {
    const sandbox = new Sandbox()
    for (const [path, text] of [
      ...now,
      ['/var/lib/evcctl/static-pods/kube-apiserver.yaml', image('1.36.4')],
      ['/var/lib/evcctl/manifests/kube-apiserver.yaml', image('1.35.8')],
      ['/var/lib/evcctl/manifests/complete', ''],
    ] as const) {
      mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
      writeFileSync(sandbox.inside(path), text)
    }
    const printed = await sandbox.sh(wanted(documents([])).probe.script)
    // The former etcd is put back with the others, and has to be replaced with them.
    expect(commands(wanted(documents([])), printed)).toContain('kubeadm init phase etcd local')
  })

  test.each([['API server certificate', newServingCertificateMark, finishServingCertificate]])(
    'is not as wanted while its %s lie half in their place, though nothing else differs',
    async (part, mark, finish) => {
      const sandbox = new Sandbox()
      for (const path of ['/etc/kubernetes/manifests/kube-apiserver.yaml', mark]) {
        mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
        writeFileSync(sandbox.inside(path), '- --secure-port=6443\n')
      }
      const { stdout } = node(documents([]))
      const { probe } = wanted(documents([]))
      const printed = await sandbox.sh(`${probe.script}cat <<'END'\n${stdout}END\n`)
      expect(changeOf(wanted(documents([])), printed)?.fields).toEqual([
        { field: part, before: 'cut off while it was changed', after: 'as wanted' },
      ])
      const steps = wanted(documents([])).converge(probe.parse(printed), {} as never)
      expect(JSON.stringify(steps)).toContain(JSON.stringify(finish).slice(1, -1))
      expect(commands(wanted(documents([])), printed)).toEqual([])
    },
  )

  test('cannot have another address', () => {
    const change = changeOf(wanted(documents([]), '192.0.2.99'), node(documents([])))
    expect(change?.refused?.where).toBe('cluster.yaml spec.hosts[].privateAddress')
    const { next } = change!.refused!
    expect(next).toContain('former address back')
    expect(next).toMatch(/give the host state: absent .* and apply; then take state: absent out and apply/)
  })
})
