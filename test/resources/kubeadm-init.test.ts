import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { kubeadmInit } from '../../src/resources/kubeadm/init.ts'
import { nodeCertificate, throwAwayCa } from './certificate.ts'
import { Sandbox } from './sandbox.ts'
import { expectGolden } from './shared-functions.ts'
import { stateOf } from './state-of.ts'

const ca = throwAwayCa()
const wholeControlPlane = {
  '/etc/kubernetes/admin.conf': 'clusters:\n- cluster:\n    server: https://127.0.0.1:7443\n',
  '/etc/kubernetes/kubelet.conf': 'x',
  '/etc/kubernetes/manifests/kube-apiserver.yaml': 'x',
  '/etc/kubernetes/pki/ca.crt': ca.pem,
}
const marker = { '/var/lib/kubelet/evcctl-unfinished': 'init\n/var/lib/etcd\n' }

function on(files: Readonly<Record<string, string>>, etcd = false) {
  const sandbox = new Sandbox()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), content)
  }
  const etcdData = `${sandbox.root}/etcd`
  if (etcd) mkdirSync(`${etcdData}/member`, { recursive: true })
  const resource = kubeadmInit({
    configuration: '/etc/evcctl/kubeadm.yaml',
    node: 'cp1',
    criSocket: 'unix:///run/containerd/containerd.sock',
    etcdData,
    endpoint: '127.0.0.1:7443',
    records: [{ path: '/var/lib/evcctl/record.json', content: '{}\n' }],
  })
  return { sandbox, resource }
}

async function look(files: Readonly<Record<string, string>>, etcd = false) {
  const { sandbox, resource } = on(files, etcd)
  const current = await sandbox.probe(resource)
  return { current, change: resource.diff(current, resource.desired as never, { watched: [] }), resource }
}

describe('kubeadm init', () => {
  test('is to be done on a bare host', async () => {
    const { change, current, resource } = await look({})
    expect(change).toEqual({ action: 'create', fields: [{ field: 'endpoint', after: '127.0.0.1:7443' }] })
    expect(resource.output?.(current)).toBeUndefined()
  })

  test('is done where a control plane is, and then tells the hash of its CA', async () => {
    const { change, current, resource } = await look(wholeControlPlane, true)
    expect(change).toBeUndefined()
    expect(resource.output?.(current)).toEqual({ caHashes: [ca.hash], server: 'https://127.0.0.1:7443' })
  })

  test('tells the hashes of both CAs while one replaces the other', async () => {
    const next = throwAwayCa()
    const both = { ...wholeControlPlane, '/etc/kubernetes/pki/ca.crt': `${next.pem}\n${ca.pem}` }
    const { current, resource } = await look(both, true)
    expect(resource.output?.(current)).toMatchObject({ caHashes: [next.hash, ca.hash] })
  })

  test('is refused where the node has another name by now', async () => {
    const certificate = '/var/lib/kubelet/pki/kubelet-client-current.pem'
    const same = await look({ ...wholeControlPlane, [certificate]: nodeCertificate('cp1') })
    expect(same.change).toBeUndefined()
    const other = await look({ ...wholeControlPlane, [certificate]: nodeCertificate('old') })
    expect(other.change?.refused).toMatchObject({ expected: 'the node cp1', actual: 'the node old' })
  })

  test('leaves an external etcd on the same host alone', () => {
    const parameters = {
      configuration: '/etc/evcctl/kubeadm.yaml',
      node: 'cp1',
      criSocket: 'unix:///run/containerd/containerd.sock',
      endpoint: '127.0.0.1:7443',
      records: [],
    }
    const scripts = (etcdData?: string) => {
      const resource = kubeadmInit({ ...parameters, ...(etcdData === undefined ? {} : { etcdData }) })
      const unfinished = stateOf(resource, `cutOff=init ${etcdData === 'external' ? '' : '/var/lib/etcd'}`)
      return JSON.stringify([resource.probe.script, resource.converge(unfinished, resource.desired as never)])
    }
    expect(scripts()).toContain('/var/lib/etcd')
    expect(scripts('external')).not.toContain('/var/lib/etcd')
    expect(scripts('external')).not.toContain('find external')
  })

  test('takes a CA that lies there before', async () => {
    const { change } = await look({ '/etc/kubernetes/pki/ca.crt': ca.pem })
    expect(change?.action).toBe('create')
  })

  test('is begun again where one was cut off, however far it came', async () => {
    for (const files of [marker, { ...wholeControlPlane, ...marker }]) {
      const { change, current, resource } = await look(files)
      expect(change).toMatchObject({ action: 'run', fields: [{ field: 'state', before: 'unfinished', after: 'done' }] })
      expect(resource.output?.(current)).toBeUndefined()
    }
  })

  test.each<[string, Readonly<Record<string, string>>, boolean]>([
    ["lost its administrator's kubeconfig", { ...wholeControlPlane, '/etc/kubernetes/admin.conf': '' }, true],
    [
      'is a worker of some cluster',
      { '/etc/kubernetes/kubelet.conf': 'x', '/etc/kubernetes/pki/ca.crt': ca.pem },
      false,
    ],
    ['has nothing left but the data of etcd', {}, true],
  ])('is refused on a host that %s, and never resets it', async (_what, files, etcd) => {
    const { change, current, resource } = await look(files, etcd)
    expect(change?.refused?.problem).toBe(
      'This host has parts of a cluster, but not all that a control plane node has.',
    )
    expect(JSON.stringify(resource.converge(current, resource.desired as never))).not.toContain('kubeadm reset')
  })

  test('is one script, the records, and only then the end of the marker', async () => {
    const resource = kubeadmInit({
      configuration: '/etc/evcctl/kubeadm.yaml',
      node: 'cp1',
      criSocket: 'unix:///run/containerd/containerd.sock',
      endpoint: '127.0.0.1:7443',
      records: [{ path: '/var/lib/evcctl/record.json', content: '{}\n' }],
    })
    const steps = resource.converge(stateOf(resource), resource.desired as never)
    const text = steps.map(step => ('run' in step ? step.run : `${JSON.stringify(step)}\n`)).join('--- next step\n')
    await expectGolden(text, 'kubeadm-init.sh', 'control-plane-join.sh')
  })
})
