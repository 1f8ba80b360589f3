import { existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output, Secret, type TaskId } from '../../src/core/index.ts'
import { controlPlaneJoin } from '../../src/resources/control-plane-join.ts'
import { controlPlaneJoinConfiguration, joinConfiguration } from '../../src/resources/kubeadm-documents.ts'
import { kubeadmInit } from '../../src/resources/kubeadm-init.ts'
import { kubeadmJoin } from '../../src/resources/kubeadm-join.ts'
import { throwAwayCa } from './certificate.ts'
import { KubeadmHost } from './kubeadm-stand-in.ts'

const ca = throwAwayCa()
const criSocket = 'unix:///run/containerd/containerd.sock'
const ignored = ['DirAvailable--var-lib-etcd']
const initMarker = '/var/lib/evcctl/kubeadm-init.unfinished'
const joinMarker = '/var/lib/evcctl/kubeadm-join.unfinished'

function init(etcdData = '/var/lib/etcd', ignorePreflightErrors: readonly string[] = []) {
  return kubeadmInit({
    ...{ configuration: '/etc/evcctl/kubeadm.yaml', node: 'cp1', criSocket, etcdData, ignorePreflightErrors },
    ...{ endpoint: '127.0.0.1:7443', records: [] },
  })
}
const initDesired = { endpoint: '127.0.0.1:7443' }

const node = {
  ...{ name: 'cp2', address: '192.0.2.12', criSocket, endpoint: '127.0.0.1:7443', bindPort: 6443, taints: [] },
  patch: {},
}
const token = Output.ofTask<never>('cp1/control-plane/mint:bootstrap token' as TaskId)
const ofCluster = { token, certificateKey: token, caHash: token }
function controlPlane(ignorePreflightErrors: readonly string[] = []) {
  const configuration = controlPlaneJoinConfiguration({ ...node, ignorePreflightErrors })
  return controlPlaneJoin({ configuration, address: node.address, others: ['192.0.2.11'], ...ofCluster, records: [] })
}
const worker = kubeadmJoin({
  ...{ configuration: joinConfiguration({ ...node, ignorePreflightErrors: [] }), ...ofCluster },
  record: { path: '/var/lib/evcctl/kubelet-configuration.json', content: '{}\n' },
})
const joinDesired = {
  token: { id: 'abcdef', token: new Secret('abcdef.0123456789abcdef', 'bootstrap token') },
  certificateKey: new Secret('0123', 'certificate key'),
  caHash: ca.hash,
}

/** What users put where kubeadm reset deletes. */
function givenFiles(host: KubeadmHost): void {
  host.write('/etc/kubernetes/pki/ca.crt', ca.pem)
  host.write('/etc/kubernetes/pki/ca.key', 'key of the user\n', 0o400)
  host.write('/etc/kubernetes/manifests/kube-vip.yaml', 'pod\n', 0o600)
  givenForNode(host)
}
function givenForNode(host: KubeadmHost): void {
  host.write('/etc/kubernetes/manifests/kube-vip.yaml', 'pod\n', 0o600)
  host.write('/etc/kubernetes/pki/oidc/.issuer ca.crt', 'ca\n', 0o444)
  host.write('/var/lib/kubelet/seccomp/profiles/own.json', '{}\n')
  symlinkSync('oidc', host.sandbox.inside('/etc/kubernetes/pki/link'))
}

describe('a run of kubeadm that kubeadm has only refused', () => {
  test('is nothing to undo: what lies in the data folder of etcd stays there', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/etcd/default/member/wal/0.wal')
    // The check of evcctl comes first and is what plan shows; with it ignored, kubeadm's own comes.
    for (const resource of [init(), init('/var/lib/etcd', ignored), init('/var/lib/etcd', ignored)]) {
      const came = await host.apply(resource, initDesired)
      expect(JSON.stringify(came)).toMatch(/is not empty/)
      expect(host.tree('/var/lib/etcd')).toHaveProperty('default/member/wal/0.wal')
      expect(host.has(initMarker)).toBe(false)
    }
    expect(host.asked()).not.toContain(expect.stringContaining('reset'))
  })

  test('is refused by plan, which names what lies in a folder of the user for it', async () => {
    const host = new KubeadmHost('/var/lib/etcd/pg')
    host.write('/var/lib/etcd/pg/postgres/table')
    const came = await host.apply(init('/var/lib/etcd/pg'), initDesired)
    expect(came).toMatchObject({ refused: expect.stringContaining('/var/lib/etcd/pg/postgres') })
    expect(host.asked()).toEqual([])
  })

  test('leaves no marker when an image cannot be pulled, and nothing of the user is touched', async () => {
    const host = new KubeadmHost()
    givenFiles(host)
    const before = [host.tree('/etc/kubernetes'), host.tree('/var/lib/kubelet')]
    host.fails('preflight', '\t[ERROR ImagePull]: failed to pull image')
    expect(await host.apply(init(), initDesired)).toMatchObject({ exitCode: 1 })
    expect(host.has(initMarker)).toBe(false)
    expect([host.tree('/etc/kubernetes'), host.tree('/var/lib/kubelet')]).toEqual(before)
    expect(await host.apply(init(), initDesired)).toMatchObject({ stderr: '', exitCode: 0 })
    expect(host.tree('/etc/kubernetes')).toMatchObject(before[0]!)
    expect(host.asked().filter(words => words.startsWith('reset'))).toEqual([])
  })

  test('is tried again by a join without a reset, when an API server has just started', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    const before = host.tree('/etc/kubernetes')
    host.fails('preflight', 'dial tcp 192.0.2.11:6443: connection refused')
    expect(await host.apply(controlPlane(), joinDesired)).toMatchObject({ stderr: '', exitCode: 0 })
    expect(host.tree('/etc/kubernetes')).toMatchObject(before)
    expect(host.asked().filter(words => words.startsWith('reset'))).toEqual([])
  })

  test.each([
    ['init', init('/var/lib/etcd', ignored), initDesired],
    ['join', controlPlane(ignored), joinDesired],
  ] as const)('is one of evcctl where etcd has data that no %s of evcctl made', async (_what, resource, desired) => {
    const host = new KubeadmHost()
    host.write('/var/lib/etcd/member/wal/0.wal')
    host.ignoresData()
    expect(JSON.stringify(await host.apply(resource as never, desired))).toContain('parts of a c')
    const [step] = resource.converge(
      { state: 'absent', found: [], inEtcdData: [], ca: '', caHash: undefined, server: '', node: undefined } as never,
      desired as never,
    )
    const { stderr } = await host.sandbox.sh(
      `set -eu\n${(step as { run: string }).run}`,
      '',
      `${host.sandbox.root}/bin:`,
    )
    expect(stderr).toContain('/member is there, and evcctl has not made it')
    expect(host.tree('/var/lib/etcd')).toHaveProperty('member/wal/0.wal')
  })
})

describe('a run of kubeadm that has begun', () => {
  test.each([
    ['init', init('/var/lib/etcd', ignored), initDesired, givenFiles, initMarker],
    ['join', controlPlane(ignored), joinDesired, givenForNode, joinMarker],
  ] as const)(
    'is undone by the next %s, and what lay there before is put back',
    async (_what, resource, desired, giveFiles, marker) => {
      const host = new KubeadmHost()
      host.ignoresData()
      giveFiles(host)
      host.write('/var/lib/etcd/lost+found/file')
      const before = host.tree('/etc/kubernetes')
      host.fails('run', 'the control plane does not come up')
      expect(await host.apply(resource as never, desired as never)).toMatchObject({ exitCode: 1 })
      expect(host.has(marker)).toBe(true)
      expect(await host.apply(resource as never, desired as never)).toMatchObject({ stderr: '', exitCode: 0 })
      expect(host.asked().filter(words => words.startsWith('reset'))).toHaveLength(1)
      expect(host.tree('/etc/kubernetes')).toMatchObject(before)
      expect(host.tree('/etc/kubernetes/pki')).toHaveProperty('sa.key')
      expect(host.has('/var/lib/kubelet/seccomp/profiles/own.json')).toBe(true)
      expect(host.tree('/var/lib/etcd')).toHaveProperty('lost+found/file')
      expect(host.tree('/var/lib/evcctl/kubeadm-before')).toMatchObject({ 'manifests/kube-vip.yaml': '600 0 pod\n' })
      const end = resource.converge({ state: 'absent' } as never, desired as never).at(-1) as { run: string }
      await host.sandbox.sh(end.run.slice(end.run.lastIndexOf('{ find')))
      expect([marker, '/var/lib/evcctl/kubeadm-before'].map(path => host.has(path))).toEqual([false, false])
    },
  )

  test('is undone within a join that finds an API server that has just started', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    const before = host.tree('/etc/kubernetes')
    host.fails('download', 'connection refused')
    expect(await host.apply(controlPlane(), joinDesired)).toMatchObject({ stderr: '', exitCode: 0 })
    expect(host.asked().filter(words => words.startsWith('reset'))).toHaveLength(1)
    expect(host.tree('/etc/kubernetes')).toMatchObject(before)
  })

  test('keeps the endpoints of the etcd that its API server had, and only then', async () => {
    const host = new KubeadmHost()
    host.fails('run', 'it does not come up')
    await host.apply(init('external'), initDesired)
    expect(host.has('/var/lib/evcctl/kubeadm-init.etcd')).toBe(false)
    host.fails('preflight', '\t[ERROR Port-6443]: in use')
    await host.apply(init('external'), initDesired)
    expect(host.tree('/var/lib/evcctl')).toMatchObject({
      'kubeadm-init.etcd': expect.stringMatching(/ https:\/\/192\.0\.2\.1:2379\n$/),
    })
    expect(host.has(initMarker)).toBe(false)
  })

  test('leaves a link in the place of the data folder as it is', async () => {
    const host = new KubeadmHost()
    mkdirSync(join(host.sandbox.root, 'disk'))
    mkdirSync(join(host.data, '..'), { recursive: true })
    symlinkSync('../../disk', host.data)
    host.fails('run', 'it does not come up')
    await host.apply(init(), initDesired)
    expect(existsSync(join(host.sandbox.root, 'disk/member'))).toBe(true)
    expect(await host.apply(init(), initDesired)).toMatchObject({ stderr: '', exitCode: 0 })
    expect(readlinkSync(host.data)).toBe('../../disk')
  })

  test('removes what an earlier node has left, and nothing else', async () => {
    const host = new KubeadmHost()
    host.write('/etc/kubernetes/kubelet.conf', 'of the former node\n')
    host.write('/etc/kubernetes/pki/ca.crt', ca.pem)
    host.write('/var/lib/kubelet/config.yaml', 'of the former node\n')
    host.write('/etc/kubernetes/manifests/kube-vip.yaml')
    host.write('/var/lib/kubelet/config.json')
    host.fails('preflight', '\t[ERROR Swap]: swap is on')
    expect(await host.apply(worker as never, joinDesired)).toMatchObject({ exitCode: 1 })
    expect(Object.keys(host.tree('/etc/kubernetes'))).toEqual(['manifests/kube-vip.yaml'])
    expect(Object.keys(host.tree('/var/lib/kubelet'))).toEqual(['config.json'])
    expect(host.has(joinMarker)).toBe(false)
  })
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

describe('an apply that is killed at any of its commands', () => {
  test.each([
    ['init', init(), initDesired, givenFiles, 1],
    ['join', controlPlane(), joinDesired, givenForNode, 5],
  ] as const)(
    'is followed by one that ends, with all files of the user: %s',
    async (_what, resource, desired, giveFiles, first) => {
      let kills = 0
      // Every ninth will do: each takes three applies.
      for (let at = first; ; at += 9) {
        const host = new KubeadmHost()
        giveFiles(host)
        const before = [host.tree('/etc/kubernetes'), host.tree('/var/lib/kubelet')]
        host.fails('run', 'it does not come up')
        await host.apply(resource as never, desired as never)
        // The one that is killed has a reset to do first.
        killsAt(host, at)
        await host.apply(resource as never, desired as never)
        if (Number(readFileSync(`${host.sandbox.root}/calls`, 'utf8')) < at) break
        kills++
        killsAt(host, -1)
        const after = await host.apply(resource as never, desired as never)
        expect([at, after]).toMatchObject([at, { stderr: '', exitCode: 0 }])
        expect([host.tree('/etc/kubernetes'), host.tree('/var/lib/kubelet')]).toMatchObject(before)
      }
      expect(kills).toBeGreaterThan(5)
    },
    240_000,
  )
})
