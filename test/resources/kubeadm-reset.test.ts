import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output, type Resource, Secret, type TaskId } from '../../src/core/index.ts'
import { controlPlaneJoin } from '../../src/resources/kubeadm/control-plane-join.ts'
import { controlPlaneJoinConfiguration, joinConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { kubeadmInit } from '../../src/resources/kubeadm/init.ts'
import { kubeadmJoin } from '../../src/resources/kubeadm/join.ts'
import { throwAwayCa } from './certificate.ts'
import { KubeadmHost } from './kubeadm-stand-in.ts'
import { stateOf } from './state-of.ts'

const ca = throwAwayCa()
const criSocket = 'unix:///run/containerd/containerd.sock'
const ignored = ['DirAvailable--var-lib-etcd']
const runMark = '/var/lib/kubelet/evcctl-unfinished'
const resetMark = '/var/lib/evcctl/kubeadm-reset.unfinished'
const copies = '/var/lib/evcctl/kubeadm-before'

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
const token = Output.ofTask<never>('cp1/ephemeral value:bootstrap token' as TaskId)
const ofCluster = { token, certificateKey: token, caHashes: token }
function controlPlane(ignorePreflightErrors: readonly string[] = [], etcdData = '/var/lib/etcd') {
  const configuration = controlPlaneJoinConfiguration({ ...node, ignorePreflightErrors })
  return controlPlaneJoin({
    configuration,
    address: node.address,
    others: ['192.0.2.11'],
    etcdData,
    ...ofCluster,
    records: [],
  })
}
const worker = kubeadmJoin({
  ...{ configuration: joinConfiguration({ ...node, ignorePreflightErrors: [] }), ...ofCluster },
  record: { path: '/var/lib/evcctl/kubelet-configuration.json', content: '{}\n' },
})
const joinDesired = {
  token: { id: 'abcdef', token: new Secret('abcdef.0123456789abcdef', 'bootstrap token') },
  certificateKey: new Secret('0123', 'certificate key'),
  caHashes: [ca.hash],
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
  host.write('/var/lib/kubelet/..own/.c', 'of the user\n')
  const link = host.sandbox.inside('/etc/kubernetes/pki/link')
  rmSync(link, { force: true })
  symlinkSync('oidc', link)
}

describe('a run of kubeadm that kubeadm has only refused', () => {
  test('is nothing to undo: what lies in the data folder of etcd stays there', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/etcd/default/member/wal/0.wal')
    // The check of evcctl comes first and is what plan shows; with it ignored, kubeadm's own comes.
    for (const resource of [init(), init('/var/lib/etcd', ignored), init('/var/lib/etcd', ignored)]) {
      const actual = await host.apply(resource, initDesired)
      expect(JSON.stringify(actual)).toMatch(/is not empty/)
      expect(host.tree('/var/lib/etcd')).toHaveProperty('default/member/wal/0.wal')
      expect(host.has(runMark)).toBe(false)
    }
    expect(host.asked()).not.toContain(expect.stringContaining('reset'))
  })

  test.each(['postgres', '.pg', '..pg'])(
    'is refused by plan, which names what lies in a folder of the user for it: %s',
    async name => {
      const host = new KubeadmHost('/var/lib/etcd/pg')
      host.write(`/var/lib/etcd/pg/${name}/table`)
      const actual = await host.apply(init('/var/lib/etcd/pg'), initDesired)
      expect(actual).toMatchObject({ refused: expect.stringContaining(`/var/lib/etcd/pg/${name}`) })
      expect(host.asked()).toEqual([])
    },
  )

  test('leaves no marker when an image cannot be pulled, and nothing of the user is touched', async () => {
    const host = new KubeadmHost()
    givenFiles(host)
    const before = [host.tree('/etc/kubernetes'), host.tree('/var/lib/kubelet')]
    host.fails('preflight', '\t[ERROR ImagePull]: failed to pull image')
    expect(await host.apply(init(), initDesired)).toMatchObject({ exitCode: 1 })
    expect(host.has(runMark)).toBe(false)
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
    const [step] = resource.converge(stateOf(resource as Resource<never, never>), desired as never)
    const { stderr } = await host.sandbox.sh(
      `set -eu\n${(step as { run: string }).run}`,
      '',
      `${host.sandbox.root}/bin:`,
    )
    expect(stderr).toContain('/member is there. evcctl has not made this data of an etcd.')
    expect(host.tree('/var/lib/etcd')).toHaveProperty('member/wal/0.wal')
  })
})

describe('a run of kubeadm that has begun', () => {
  test.each([
    ['init', init('/var/lib/etcd', ignored), initDesired, givenFiles],
    ['join', controlPlane(ignored), joinDesired, givenForNode],
  ] as const)(
    'is undone by the next %s, and what lay there before is put back',
    async (_what, resource, desired, giveFiles) => {
      const host = new KubeadmHost()
      host.ignoresData()
      giveFiles(host)
      host.write('/var/lib/etcd/lost+found/file')
      const before = host.tree('/etc/kubernetes')
      host.fails('run', 'the control plane does not come up')
      expect(await host.apply(resource as never, desired as never)).toMatchObject({ exitCode: 1 })
      expect(host.has(runMark)).toBe(true)
      expect(await host.apply(resource as never, desired as never)).toMatchObject({ stderr: '', exitCode: 0 })
      expect(host.asked().filter(words => words.startsWith('reset'))).toHaveLength(1)
      expect(host.tree('/etc/kubernetes')).toMatchObject(before)
      expect(host.tree('/etc/kubernetes/pki')).toHaveProperty('sa.key')
      expect(host.has('/var/lib/kubelet/seccomp/profiles/own.json')).toBe(true)
      expect(host.tree('/var/lib/etcd')).toHaveProperty('lost+found/file')
      expect(host.tree(copies)).toMatchObject({ 'manifests/kube-vip.yaml': '600 0 pod\n' })
      const end = resource.converge(stateOf(resource as Resource<never, never>), desired as never).at(-1) as {
        run: string
      }
      await host.sandbox.sh(end.run.slice(end.run.lastIndexOf('{ find')))
      expect([runMark, resetMark, copies].map(path => host.has(path))).toEqual([false, false, false])
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
    host.stub('curl', `echo '{"header":{"cluster_id":"1"}}'\n`)
    host.fails('run', 'it does not come up')
    await host.apply(init('external'), initDesired)
    expect(host.has('/var/lib/evcctl/kubeadm-init.etcd')).toBe(false)
    host.fails('preflight', '\t[ERROR Port-6443]: in use')
    await host.apply(init('external'), initDesired)
    expect(host.tree('/var/lib/evcctl')).toMatchObject({
      'kubeadm-init.etcd': expect.stringMatching(/ https:\/\/192\.0\.2\.1:2379\n$/),
    })
    expect(host.has(runMark)).toBe(false)
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
    expect(host.has(runMark)).toBe(false)
  })
})

const member = 'member/wal/0.wal'
const reset = expect.stringMatching(/^reset/)

describe('the mark of a run that was cut off', () => {
  test.each([
    ['init', 'a control plane joins', init(), initDesired, controlPlane(), joinDesired, init(), initDesired],
    ['a join', 'init', controlPlane(), joinDesired, init(), initDesired, controlPlane(), joinDesired],
    ['a join of a worker', 'init', worker, joinDesired, init(), initDesired, worker, joinDesired],
  ] as const)(
    'of %s is gone after %s, so that no later apply resets the node',
    async (_one, _other, first, firstWants, second, secondWants, third, thirdWants) => {
      const host = new KubeadmHost()
      // Nothing of the run but its mark: it was killed between the two.
      host.fails('run', 'cut off')
      const [step] = first.converge(stateOf(first as Resource<never, never>), firstWants as never)
      const begun = (step as { run: string }).run.replaceAll('watched kubeadm', 'false')
      await host.sandbox.sh(`set -eu\n${begun}`, '', `${host.sandbox.root}/bin:`)
      expect(host.has(runMark)).toBe(true)
      host.unfail('run')

      const { note, failed } = await host.applyAll(second as never, secondWants as never)
      expect([note, failed]).toEqual([expect.stringContaining('is removed first'), undefined])
      expect([host.has(runMark), host.has(resetMark), host.has(copies)]).toEqual([false, false, false])
      host.write('/var/lib/etcd/member/wal/0.wal', 'data of the cluster')
      const asked = host.asked().length
      await host.applyAll(third as never, thirdWants as never)
      expect(host.tree('/var/lib/etcd')).toMatchObject({ [member]: expect.stringContaining('data of the cluster') })
      expect(host.asked().slice(asked)).toEqual([])
    },
  )

  async function initAgain(host: KubeadmHost, etcdData?: string) {
    const current = await host.sandbox.probe(init(etcdData))
    const [step] = init(etcdData).converge(current, initDesired)
    const script = (step as { run: string }).run.replaceAll('/usr/local/bin/', '')
    return host.sandbox.sh(`set -eu\n${script}`, '', `${host.sandbox.root}/bin:`)
  }
  const notReset = { exitCode: 1, stderr: expect.stringMatching(/it is not reset.*\nnode\/w1\n/s) }

  test('of an init whose last step alone was cut off resets no cluster that others have joined since', async () => {
    const host = new KubeadmHost()
    await host.apply(init(), initDesired)
    expect(host.has(runMark)).toBe(true)
    host.stub('kubectl', 'printf "node/cp1\\nnode/w1\\n"\n')
    expect(await initAgain(host)).toMatchObject(notReset)
    expect(host.asked()).not.toContainEqual(reset)
    host.stub('kubectl', 'echo node/cp1\n')
    expect(await initAgain(host)).toMatchObject({ exitCode: 0 })
    expect(host.asked()).toContainEqual(reset)
  })

  test('of such an init resets no cluster whose API server is silent and whose etcd knows other nodes', async () => {
    const host = new KubeadmHost()
    await host.apply(init(), initDesired)
    host.stub('kubectl', 'exit 1\n')
    const key = (name: string, after: string) => `\n\x19/registry/minions/${name}${after}`
    const own = `${key('cp1', '\x10\x02\x18\x09')}${key('gone', '')}\0`
    host.write('/var/lib/etcd/member/snap/db', `${own}${key('w1', '\x10\x03')}`)
    expect(await initAgain(host)).toMatchObject(notReset)
    expect(host.asked()).not.toContainEqual(reset)
    host.write('/var/lib/etcd/member/snap/db', own)
    expect(await initAgain(host)).toMatchObject({ exitCode: 0 })
    expect(host.asked()).toContainEqual(reset)
  })

  test('of such an init resets nothing before an external etcd has told that no other node is there', async () => {
    const host = new KubeadmHost()
    host.ignoresData()
    await host.apply(init('external'), initDesired)
    host.stub('kubectl', 'exit 1\n')
    const knows = (...names: readonly string[]) => {
      const kvs = names.map(name => ({ key: Buffer.from(`/registry/minions/${name}`).toString('base64') }))
      host.stub('curl', `echo '${JSON.stringify({ header: { cluster_id: '1' }, kvs })}'\n`)
    }
    for (const silent of ['exit 7\n', 'echo "{}"\n']) {
      host.stub('curl', silent)
      expect(await initAgain(host, 'external')).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('Neither the API server nor etcd answers'),
      })
    }
    knows('cp1', 'w1')
    expect(await initAgain(host, 'external')).toMatchObject(notReset)
    expect(host.asked()).not.toContainEqual(reset)
    knows('cp1')
    expect(await initAgain(host, 'external')).toMatchObject({ exitCode: 0 })
    expect(host.asked()).toContainEqual(reset)
  })

  test('of a join that was almost done is nothing that init undoes', async () => {
    const host = new KubeadmHost()
    host.fails('run', 'cut off')
    await host.applyAll(controlPlane(), joinDesired)
    host.write('/var/lib/etcd/member/wal/0.wal', 'data of the cluster')
    expect(await host.applyAll(init(), initDesired)).toMatchObject({
      refused: expect.stringContaining('A join to a cluster was cut off on this host'),
    })
    expect(host.tree('/var/lib/etcd')).toHaveProperty([member])
    expect(host.asked()).not.toContainEqual(reset)
  })

  test('is gone with a reset by hand: a node that somebody makes then is never reset', async () => {
    for (const [resource, desired] of [
      [init(), initDesired],
      [controlPlane(), joinDesired],
    ] as const) {
      const host = new KubeadmHost()
      host.fails('run', 'cut off')
      await host.applyAll(resource as never, desired as never)
      await host.resetByHand()
      await host.sandbox.sh(`${host.sandbox.root}/bin/kubeadm init`, '', `${host.sandbox.root}/bin:`)
      host.write('/var/lib/etcd/member/wal/0.wal', 'data of the cluster')
      const asked = host.asked().length
      await host.applyAll(resource as never, desired as never)
      expect(host.asked().slice(asked)).not.toContainEqual(reset)
      expect(host.tree('/var/lib/etcd')).toHaveProperty([member])
    }
  })

  test.each([
    ['init', '/var/lib/etcd-own', '/var/lib/etcd'],
    ['init', '/var/lib/etcd', '/var/lib/etcd-own'],
    ['init', 'external', '/var/lib/etcd'],
    ['join', 'external', '/var/lib/etcd'],
    ['join', '/var/lib/etcd', '/var/lib/etcd-own'],
  ])('names the data folder of that %s (%s): the one of today (%s) is only looked at', async (what, former, wanted) => {
    const host = new KubeadmHost(former === 'external' ? '/var/lib/etcd-none' : former)
    const resource = (folder: string) => (what === 'init' ? init(folder) : controlPlane([], folder))
    const desired = (what === 'init' ? initDesired : joinDesired) as never
    host.fails('run', 'cut off')
    await host.applyAll(resource(former) as never, desired)
    host.write(`${wanted}/member/wal/0.wal`, 'data of somebody else')
    expect(await host.applyAll(resource(wanted) as never, desired)).toMatchObject({
      refused: `evcctl has not made this data of an etcd.\n${wanted}/member`,
    })
    // A script that was made before the data came is no way around.
    const current = stateOf(
      resource(wanted) as Resource<never, never>,
      `cutOff=${what === 'init' ? what : 'control-plane'} `,
    )
    for (const step of resource(wanted).converge(current, desired)) {
      if ('run' in step) await host.sandbox.sh(`set -eu\n${step.run}`, 'x', `${host.sandbox.root}/bin:`)
      break
    }
    expect(host.tree(wanted)).toHaveProperty([member])
  })

  test('has the data of the run before removed where cluster.yaml names another folder since', async () => {
    const host = new KubeadmHost()
    host.fails('run', 'cut off')
    await host.applyAll(init(), initDesired)
    host.write('/var/lib/etcd/member/snap/former')
    expect(await host.applyAll(init('/var/lib/etcd-own'), initDesired)).not.toHaveProperty('failed')
    expect(host.has('/var/lib/etcd/member/snap/former')).toBe(false)
  })
})

/** The next reset is killed when kubeadm has emptied its folders. */
async function killedInReset(host: KubeadmHost, resource: Parameters<KubeadmHost['applyAll']>[0], desired: unknown) {
  const path = join(host.sandbox.root, 'bin/kubeadm')
  const kubeadm = readFileSync(path, 'utf8')
  writeFileSync(path, kubeadm.replace(/^esac$/m, 'esac\ncase $1 in reset) kill -9 $PPID ;; esac'))
  expect(await host.applyAll(resource as never, desired as never)).toHaveProperty('failed')
  writeFileSync(path, kubeadm)
}

describe('a reset that was cut off', () => {
  test.each([
    ['init', init(), initDesired],
    ['join', controlPlane(), joinDesired],
  ] as const)(
    'is no reason to undo a node that somebody has made by hand since: %s',
    async (what, resource, desired) => {
      const host = new KubeadmHost()
      host.fails('run', 'cut off')
      await host.applyAll(resource as never, desired as never)
      await killedInReset(host, resource as never, desired)
      expect([host.has(runMark), host.has(resetMark)]).toEqual([false, true])
      await host.resetByHand()
      await host.sandbox.sh(`${host.sandbox.root}/bin/kubeadm ${what} --by-hand`)
      host.write('/var/lib/etcd/member/wal/0.wal', 'data of the cluster')
      const asked = host.asked().length
      await host.applyAll(resource as never, desired as never)
      expect(host.asked().slice(asked)).not.toContainEqual(reset)
      expect(host.tree('/var/lib/etcd')).toHaveProperty([member])
    },
  )

  test('is none for a node of somebody that has lost its kubelet.conf', async () => {
    const host = new KubeadmHost()
    host.fails('run', 'cut off')
    await host.applyAll(init(), initDesired)
    await killedInReset(host, init() as never, initDesired)
    await host.resetByHand()
    await host.sandbox.sh(`${host.sandbox.root}/bin/kubeadm init --by-hand`)
    host.write('/etc/kubernetes/pki/ca.key', 'key of the cluster')
    rmSync(host.sandbox.inside('/etc/kubernetes/kubelet.conf'))
    expect(await host.applyAll(init(), initDesired)).toMatchObject({
      refused: expect.stringContaining('This host has parts of a cluster'),
    })
    expect(host.tree('/etc/kubernetes/pki')).toMatchObject({ 'ca.key': expect.stringContaining('key of the cluster') })
  })

  test.each([
    ['init', init(), initDesired],
    ['join', controlPlane(), joinDesired],
  ] as const)('keeps what was written since when it is repeated: %s', async (_what, resource, desired) => {
    const host = new KubeadmHost()
    host.write('/var/lib/kubelet/seccomp/old.json', 'old\n')
    host.fails('run', 'cut off')
    await host.applyAll(resource as never, desired as never)
    await killedInReset(host, resource as never, desired)
    host.write('/etc/kubernetes/pki/own.key', 'of the user\n', 0o400)
    host.write('/var/lib/kubelet/seccomp/new.json', 'new\n')
    expect(await host.applyAll(resource as never, desired as never)).not.toHaveProperty('failed')
    expect(host.tree('/etc/kubernetes/pki')).toHaveProperty(['own.key'])
    expect(Object.keys(host.tree('/var/lib/kubelet/seccomp'))).toEqual(['new.json', 'old.json'])
  })

  test('takes a copy for what is of another kind by now', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/kubelet/seccomp/old.json', 'old\n')
    host.fails('run', 'cut off')
    await host.applyAll(init(), initDesired)
    await killedInReset(host, init() as never, initDesired)
    mkdirSync(host.sandbox.inside('/var/lib/kubelet'), { recursive: true })
    symlinkSync('/nowhere', host.sandbox.inside('/var/lib/kubelet/seccomp'))
    expect(await host.applyAll(init(), initDesired)).not.toHaveProperty('failed')
  })

  test('removes no data that came since', async () => {
    const host = new KubeadmHost()
    host.fails('run', 'cut off')
    await host.applyAll(init(), initDesired)
    await killedInReset(host, init() as never, initDesired)
    rmSync(host.sandbox.inside('/var/lib/etcd'), { recursive: true })
    host.write('/var/lib/etcd/other', 'takes the inode')
    host.write('/var/lib/etcd/member/wal/0.wal', 'data of somebody else')
    rmSync(host.sandbox.inside('/var/lib/etcd/other'))
    expect(await host.applyAll(init(), initDesired)).toMatchObject({
      failed: expect.stringContaining('is there since a reset of this host was cut off'),
    })
    expect(host.tree('/var/lib/etcd')).toHaveProperty([member])
  })
})

describe('the files of a rotation of the CA', () => {
  test.each([
    ['a control plane node', controlPlane()],
    ['a worker', worker],
  ] as const)('that an earlier node has left are gone when the host joins as %s', async (_what, resource) => {
    const host = new KubeadmHost()
    for (const name of ['ca-rotation/next.key', 'ca-rotation/next.crt', 'ca-rotation.new/next.key'])
      host.write(`/etc/kubernetes/pki/${name}`, 'of the dead cluster\n')
    expect(await host.applyAll(resource as never, joinDesired)).not.toHaveProperty('failed')
    const found = [...Object.keys(host.tree('/etc/kubernetes')), ...Object.keys(host.tree('/var/lib/evcctl'))]
    expect(found.filter(name => name.includes('rotation'))).toEqual([])
  })
})

describe('copies of what lay there before', () => {
  test('outlive a reset by hand, and plan says where they are', async () => {
    const host = new KubeadmHost()
    givenFiles(host)
    host.fails('run', 'it does not come up')
    await host.applyAll(init(), initDesired)
    await host.resetByHand()
    expect(await host.applyAll(init(), initDesired)).toMatchObject({ note: expect.stringContaining(`${copies}.saved`) })
    expect(host.tree(`${copies}.saved`)).toMatchObject({
      'manifests/kube-vip.yaml': '600 0 pod\n',
      'pki/ca.key': '400 0 key of the user\n',
    })
    await host.resetByHand()
    host.fails('preflight', 'refused')
    expect(await host.applyAll(init(), initDesired)).toMatchObject({
      note: expect.stringContaining(`${copies}.saved`),
    })
  })

  test('of a second run that somebody has reset stay beside those of the first', async () => {
    const host = new KubeadmHost()
    for (const key of ['one', 'two']) {
      host.write('/etc/kubernetes/pki/ca.crt', ca.pem)
      host.write('/etc/kubernetes/pki/ca.key', key, 0o400)
      host.fails('run', 'it does not come up')
      await host.applyAll(init(), initDesired)
      await host.resetByHand()
      await host.applyAll(init(), initDesired)
      await host.resetByHand()
    }
    expect(host.tree(`${copies}.saved`)).toMatchObject({ 'pki/ca.key': '400 0 one' })
    expect(host.tree(`${copies}.saved.2`)).toMatchObject({ 'pki/ca.key': '400 0 two' })
  })

  test('of which somebody has put back a part, or has put something else there, stay', async () => {
    // The link is never put back; in the second case something else lies where b was.
    for (const contents of [['a'], ['a', 'other'], ['a', 'b']]) {
      const host = new KubeadmHost()
      const put = (texts: readonly string[]) => {
        for (const [index, text] of texts.entries())
          host.write(`/var/lib/kubelet/seccomp/profiles/${'ab'[index]}`, text)
      }
      put(['a', 'b'])
      symlinkSync('a', host.sandbox.inside('/var/lib/kubelet/seccomp/profiles/link'))
      host.fails('run', 'it does not come up')
      await host.applyAll(init(), initDesired)
      await host.resetByHand()
      put(contents)
      expect(await host.applyAll(init(), initDesired)).not.toHaveProperty('failed')
      expect(host.tree(`${copies}.saved`)).toMatchObject({
        'kubelet/seccomp/profiles/b': '640 0 b',
        'kubelet/seccomp/profiles/link': '-> a',
      })
    }
  })

  test('go when all of it was put back by hand', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    host.fails('run', 'it does not come up')
    await host.applyAll(worker, joinDesired)
    await host.resetByHand()
    givenForNode(host)
    expect(await host.applyAll(worker, joinDesired)).not.toHaveProperty('failed')
    expect([host.has(copies), host.has(`${copies}.saved`)]).toEqual([false, false])
  })

  test('that a run which was killed has no mark of any more are left over, and no reason to set anything aside', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    host.stub('rm', `case "$*" in *-rf*${copies}.done*.new*) kill -9 $PPID; exit 1 ;; esac\nexec /bin/rm "$@"\n`)
    expect(await host.applyAll(worker, joinDesired)).toHaveProperty('failed')
    expect([host.has(runMark), host.has(copies), host.has(`${copies}.done`)]).toEqual([false, false, true])
    host.stub('rm', 'exec /bin/rm "$@"\n')
    await host.resetByHand()
    expect(await host.applyAll(worker, joinDesired)).toEqual({ action: 'create' })
    expect(Object.keys(host.tree('/var/lib/evcctl')).filter(name => name.startsWith('kubeadm-before'))).toEqual([])
  })

  test('are put back by the next run where a run was killed before its mark was taken away', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    const before = host.tree('/var/lib/kubelet')
    host.stub('mv', `/bin/mv "$@"\ncase "$*" in *${copies}.done) kill -9 $PPID ;; esac\n`)
    expect(await host.applyAll(init(), initDesired)).toHaveProperty('failed')
    expect([host.has(runMark), host.has(copies), host.has(`${copies}.done`)]).toEqual([true, false, true])
    host.stub('mv', 'exec /bin/mv "$@"\n')
    expect(await host.applyAll(init(), initDesired)).toEqual({
      action: 'run',
      note: expect.stringContaining('removed first'),
    })
    expect(host.tree('/var/lib/kubelet')).toMatchObject(before)
    expect([host.has(copies), host.has(`${copies}.done`)]).toEqual([false, false])
  })

  test('have the certificates for the kubelet that lie there before it is one', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/kubelet/pki/kubelet.key', 'of the user\n', 0o600)
    host.fails('run', 'it does not come up')
    await host.applyAll(controlPlane(), joinDesired)
    expect(await host.applyAll(controlPlane(), joinDesired)).not.toHaveProperty('failed')
    expect(host.tree('/var/lib/kubelet')).toMatchObject({ 'pki/kubelet.key': '600 0 of the user\n' })
  })

  test('have what was written after the run was cut off beside them', async () => {
    const host = new KubeadmHost()
    givenForNode(host)
    host.fails('run', 'it does not come up')
    await host.applyAll(controlPlane(), joinDesired)
    host.write('/var/lib/kubelet/config.json', 'logins\n', 0o600)
    host.write('/var/lib/kubelet/seccomp/profiles/own.json', 'newer\n')
    expect(await host.applyAll(controlPlane(), joinDesired)).not.toHaveProperty('failed')
    expect(host.tree('/var/lib/kubelet')).toMatchObject({
      'config.json': '600 0 logins\n',
      'seccomp/profiles/own.json': expect.stringContaining('newer'),
    })
  })

  test('have a bound: what is too much is named before anything is written', async () => {
    const host = new KubeadmHost()
    host.write('/var/lib/kubelet/models/large')
    host.stub('du', `printf '300000\\t%s\\n' "$3"\n`)
    const { failed } = await host.applyAll(worker, joinDesired)
    expect(failed).toContain('/var/lib/kubelet/models: kubeadm reset deletes what lies there, and it is too much')
    expect(host.has(runMark)).toBe(false)
    expect(host.asked()).not.toContain('join')
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
        const before = [
          host.tree('/etc/kubernetes'),
          { ...host.tree('/var/lib/kubelet'), 'config.json': '600 0 logins\n' },
        ]
        host.fails('run', 'it does not come up')
        await host.apply(resource as never, desired as never)
        host.write('/var/lib/kubelet/config.json', 'logins\n', 0o600)
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
