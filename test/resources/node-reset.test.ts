import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Output, type TaskId } from '../../src/core/index.ts'
import { nodeReset } from '../../src/resources/kubeadm/node-reset.ts'
import { nodeCertificate, throwAwayCa } from './certificate.ts'
import { KubeadmHost } from './kubeadm-stand-in.ts'

const ca = throwAwayCa()
const other = throwAwayCa()
const certificate = nodeCertificate('cp1')
const caHashes = Output.ofTask<readonly string[]>('cp2/kubeadm init:cluster' as TaskId)
const resource = (isServer = true) =>
  nodeReset({ node: 'cp1', criSocket: 'unix:///run/x.sock', isServer, etcdData: '/var/lib/etcd', caHashes })
const desired = { caHashes: [ca.hash] }

/** What a change that was cut off leaves on a control plane node: keys are in most of it. */
const leftByChanges = [
  ...['evcctl-renewed/new/pki/ca.key', 'evcctl-renewed/new/pki/etcd/ca.key', 'evcctl-manifests/etcd.yaml'],
  ...['admin.conf.next', 'pki/evcctl-apiserver/apiserver.key'],
]

/** A control plane node, with files that others have put into the folders that kubeadm empties. */
function standing(clusterCa = ca.pem, pem = certificate): KubeadmHost {
  const host = new KubeadmHost()
  for (const name of [
    'admin.conf',
    'kubelet.conf',
    'manifests/kube-apiserver.yaml',
    'manifests/etcd.yaml',
    'pki/ca.key',
    'pki/ca.key.next',
    ...['next.key', 'former.key', 'next.crt', 'cross.crt', 'trust.crt'].map(file => `pki/ca-rotation/${file}`),
    'pki/ca-rotation.new/next.key',
  ])
    host.write(`/etc/kubernetes/${name}`, 'kubeadm\n')
  for (const name of leftByChanges) host.write(`/etc/kubernetes/${name}`, 'key\n')
  host.write('/etc/kubernetes/pki/ca.crt', clusterCa)
  host.write('/var/lib/kubelet/pki/kubelet-client-current.pem', pem)
  host.write('/var/lib/etcd/member/wal/0.wal')
  host.write('/var/lib/etcd/notes')
  host.write('/etc/kubernetes/manifests/own.yaml', 'pod\n')
  host.write('/var/lib/kubelet/config.json', 'logins\n')
  for (const name of ['kubelet.unproven', 'kubelet-ca']) host.write(`/var/lib/evcctl/${name}`)
  return host
}

/** What is left where a reset has ended. */
const left = {
  kubernetes: { 'manifests/own.yaml': expect.stringContaining('pod\n') },
  kubelet: { 'config.json': expect.stringContaining('logins\n') },
  etcd: { notes: expect.any(String) },
}
const found = (host: KubeadmHost) => ({
  kubernetes: host.tree('/etc/kubernetes'),
  kubelet: host.tree('/var/lib/kubelet'),
  etcd: host.tree('/var/lib/etcd'),
})

describe('a host that leaves the cluster', () => {
  test('is no node any more and has no data of etcd, and what others have put there is still there', async () => {
    const host = standing()
    expect(await host.applyAll(resource(), desired)).toEqual({ action: 'run', note: expect.stringContaining('stay') })
    expect(found(host)).toEqual(left)
    expect(host.asked()).toEqual([expect.stringMatching(/^reset --force --skip-phases=remove-etcd-member/)])
    expect(Object.keys(host.tree('/var/lib/evcctl'))).toEqual([])
    expect(await host.applyAll(resource(), desired)).toEqual({ action: undefined })
  })

  test('is left alone if it is no node', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/etcd/member/wal/0.wal')
    host.write('/etc/kubernetes/manifests/own.yaml')
    expect(await host.applyAll(resource(), desired)).toEqual({ action: undefined })
    expect(host.tree('/var/lib/etcd')).toHaveProperty('member/wal/0.wal')
  })

  test('is rid of keys that the node of before has left', async () => {
    const host = new KubeadmHost()
    for (const name of leftByChanges) if (!name.startsWith('pki')) host.write(`/etc/kubernetes/${name}`, 'key\n')
    const note = ['evcctl-renewed', 'evcctl-manifests', 'admin.conf.next']
      .map(name => `/etc/kubernetes/${name}`)
      .join(', ')
    expect(await host.applyAll(resource(), desired)).toEqual({ action: 'run', note: `${note}: deleted` })
    expect([host.asked(), host.tree('/etc/kubernetes')]).toEqual([[], {}])
    expect(await host.applyAll(resource(), desired)).toEqual({ action: undefined })
  })

  test.each(['ca-rotation', 'ca-rotation.new'])(
    'has no key of the CA any more that a reset by an earlier evcctl has left in %s',
    async folder => {
      const host = new KubeadmHost()
      host.write(`/etc/kubernetes/pki/${folder}/next.key`, 'key\n')
      host.write('/etc/kubernetes/pki/oidc.crt')
      expect(await host.applyAll(resource(), desired)).toMatchObject({ action: 'run' })
      expect(Object.keys(host.tree('/etc/kubernetes'))).toEqual(['pki/oidc.crt'])
      expect(await host.applyAll(resource(), desired)).toEqual({ action: undefined })
    },
  )

  test('keeps the data of an etcd if it was a worker', async () => {
    const host = standing()
    await host.applyAll(resource(false), desired)
    expect(host.tree('/var/lib/etcd')).toHaveProperty('member/wal/0.wal')
  })

  test.each([
    ['of another cluster', standing(other.pem), `This host belongs to another cluster.\n${other.hash}`],
    ['with another name', standing(ca.pem, nodeCertificate('cp9')), 'and a node cannot be renamed.\nthe node cp9'],
  ])('is refused, and nothing is written, if it is a node %s', async (_what, host, refused) => {
    const before = found(host)
    expect(await host.applyAll(resource(), desired)).toMatchObject({ refused: expect.stringContaining(refused) })
    expect([host.asked(), found(host)]).toEqual([[], before])
  })

  test('is clean after the next run, whichever command the run before was killed at', async () => {
    let kills = 0
    for (let at = 1; ; at += 7) {
      const host = standing()
      killsAt(host, at)
      await host.applyAll(resource(), desired)
      if (Number(readFileSync(`${host.sandbox.root}/calls`, 'utf8')) < at) break
      kills++
      killsAt(host, -1)
      expect([at, await host.applyAll(resource(), desired)]).not.toMatchObject([at, { failed: expect.anything() }])
      expect([at, found(host)]).toEqual([at, left])
      expect(await host.applyAll(resource(), desired)).toEqual({ action: undefined })
    }
    expect(kills).toBeGreaterThan(3)
  }, 120_000)
})

/** Has the `at`th of all calls of these programs end the script that calls them. */
function killsAt(host: KubeadmHost, at: number): void {
  const { root } = host.sandbox
  for (const name of ['kubeadm', 'cp', 'rm', 'mv', 'mkdir', 'sync']) {
    const real = name === 'kubeadm' ? `${root}/bin/kubeadm.real` : `$(PATH=/usr/bin:/bin command -v ${name})`
    if (name === 'kubeadm' && !existsSync(`${root}/bin/kubeadm.real`)) host.renameStub('kubeadm', 'kubeadm.real')
    host.stub(
      name,
      `n=$(cat ${root}/calls 2>/dev/null || echo 0); n=$((n + 1)); echo $n >${root}/calls
if [ $n = ${at} ]; then kill -9 $PPID; exit 1; fi
exec ${real} "$@"
`,
    )
  }
  writeFileSync(`${root}/calls`, '0\n')
}
