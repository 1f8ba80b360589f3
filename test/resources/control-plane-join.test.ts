import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output, Secret, type TaskId } from '../../src/core/index.ts'
import { certificateKey } from '../../src/resources/kubeadm/certificate-key.ts'
import {
  type ControlPlaneJoinParameters,
  type ControlPlaneJoinState,
  controlPlaneJoin,
} from '../../src/resources/kubeadm/control-plane-join.ts'
import { controlPlaneJoinConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { nodeCertificate, throwAwayCa } from './certificate.ts'
import { joinWithStubs } from './join-stubs.ts'
import { Sandbox } from './sandbox.ts'
import { expectGolden } from './shared-functions.ts'
import { stateOf } from './state-of.ts'

const ca = throwAwayCa()
const token = 'abcdef.0123456789abcdef'
const key = '0123456789abcdef'.repeat(4)
const desired = {
  token: { id: 'abcdef', token: new Secret(token, 'bootstrap token') },
  certificateKey: new Secret(key, 'certificate key'),
  caHashes: [ca.hash],
}
const unknownHash = { unknown: true, from: 'cp1/kubeadm init:cluster' as TaskId } as const

const parameters: ControlPlaneJoinParameters = {
  configuration: controlPlaneJoinConfiguration({
    name: 'cp2',
    address: '192.0.2.12',
    criSocket: 'unix:///run/containerd/containerd.sock',
    endpoint: '127.0.0.1:7443',
    bindPort: 6443,
    taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
    ignorePreflightErrors: [],
    patch: { timeouts: { discovery: '1m0s' } },
  }),
  address: '192.0.2.12',
  others: ['192.0.2.11', '192.0.2.13'],
  token: Output.ofTask('cp1/ephemeral value:bootstrap token' as TaskId),
  certificateKey: Output.ofTask('cp1/ephemeral value:certificate key' as TaskId),
  caHashes: Output.ofTask('cp1/kubeadm init:cluster' as TaskId),
  records: [{ path: '/var/lib/evcctl/kubeadm-configuration.json', content: '{}\n' }],
}
const resource = controlPlaneJoin(parameters)

const worker = {
  '/etc/kubernetes/kubelet.conf': 'x',
  '/etc/kubernetes/pki/ca.crt': ca.pem,
  '/var/lib/kubelet/pki/kubelet-client-current.pem': 'x',
}
const joined = { ...worker, '/etc/kubernetes/admin.conf': 'x', '/etc/kubernetes/manifests/kube-apiserver.yaml': 'x' }
const marker = { '/var/lib/kubelet/evcctl-unfinished': 'control-plane\n/var/lib/etcd\n' }
const { '/etc/kubernetes/kubelet.conf': _conf, ...withoutConf } = joined

const { '/etc/kubernetes/manifests/kube-apiserver.yaml': _manifest, ...withoutManifest } = joined
const complete = { '/var/lib/evcctl/manifests/complete': '' }
const former = { '/var/lib/evcctl/manifests/kube-apiserver.yaml': 'x' }

async function look(files: Readonly<Record<string, string>>): Promise<ControlPlaneJoinState> {
  const sandbox = new Sandbox()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), content)
  }
  return sandbox.probe(resource)
}

describe('the join of a control plane node', () => {
  test.each<[string, Readonly<Record<string, string>>, ControlPlaneJoinState['state']]>([
    ['a bare host', {}, 'absent'],
    ['a control plane node', joined, 'joined'],
    ['a worker', worker, 'worker'],
    ['what a worker left', { '/etc/kubernetes/pki/ca.crt': ca.pem }, 'leftovers'],
    ['a control plane node that lost a file', withoutConf, 'damaged'],
    ['keys that lie there alone', { '/etc/kubernetes/pki/ca.key': 'x' }, 'damaged'],
    [
      'a control plane node that lost power while its manifests were out',
      { ...withoutManifest, ...former, ...complete },
      'joined',
    ],
    ['a control plane node that lost a manifest', { ...withoutManifest, ...complete }, 'damaged'],
    ['one that lost it later', { ...withoutManifest, ...former }, 'damaged'],
    ['a join that was cut off early', { ...marker, '/etc/kubernetes/pki/ca.key': 'x' }, 'unfinished'],
    ['a join that was cut off late', { ...joined, ...marker }, 'unfinished'],
  ])('sees %s', async (_what, files, state) => {
    expect((await look(files)).state).toBe(state)
  })

  test('leaves an external etcd alone', () => {
    const external = controlPlaneJoin({ ...parameters, etcdData: 'external' })
    const [step] = external.converge(stateOf(external, 'cutOff=control-plane '), desired)
    if (step === undefined || !('run' in step)) throw new Error('expected a run step')
    expect(step.run).toContain('kubeadm reset')
    for (const word of ['/var/lib/etcd', 'external']) {
      expect(step.run).not.toContain(word)
      expect(external.probe.script).not.toContain(word)
    }
  })

  test('is nothing to do for a node of this cluster, or of one that is not known yet', async () => {
    const current = await look(joined)
    expect(resource.diff(current, desired, { watched: [] })).toBeUndefined()
    expect(resource.diff(current, { ...desired, caHashes: unknownHash }, { watched: [] })).toBeUndefined()
  })

  test.each([
    ['a worker', worker, 'This host is a worker node'],
    ['a damaged control plane node', withoutConf, 'parts of a control plane'],
  ])('is refused for %s, and never reset', async (_what, files, problem) => {
    const current = await look(files)
    expect(resource.diff(current, desired, { watched: [] })?.refused?.problem).toContain(problem)
    expect(JSON.stringify(resource.converge(current, desired))).not.toContain('reset')
  })

  test('is nothing to do for a node that trusts one of two CAs, of which one replaces the other', async () => {
    const both = { ...desired, caHashes: [throwAwayCa().hash, ca.hash] }
    expect(resource.diff(await look(joined), both, { watched: [] })).toBeUndefined()
  })

  test('is refused for a node of another cluster', async () => {
    const change = resource.diff(await look(joined), { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(change?.refused?.problem).toBe('This host belongs to another cluster.')
  })

  test('is refused where a worker of another cluster has left its CA', async () => {
    const left = await look({ '/etc/kubernetes/pki/ca.crt': ca.pem })
    const change = resource.diff(left, { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(change?.refused?.actual).toBe(ca.hash)
  })

  test('is refused for a node that has another name by now', async () => {
    const certificate = '/var/lib/kubelet/pki/kubelet-client-current.pem'
    const same = await look({ ...joined, [certificate]: nodeCertificate('cp2') })
    expect(resource.diff(same, desired, { watched: [] })).toBeUndefined()
    const other = await look({ ...joined, [certificate]: nodeCertificate('cp9') })
    expect(resource.diff(other, desired, { watched: [] })?.refused?.actual).toBe('the node cp9')
  })

  test('takes a worker of another name for that node, not for one to be reset', async () => {
    const own = { ...worker, '/var/lib/kubelet/pki/kubelet-client-current.pem': nodeCertificate('w2') }
    const refused = resource.diff(await look(own), desired, { watched: [] })?.refused
    expect(refused).toMatchObject({
      actual: 'the node w2',
      next: expect.stringMatching(/^Is \S+ another machine\? Correct the addresses .* Or name this one w2 there/),
    })
    const elsewhere = resource.diff(await look(own), { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(elsewhere?.refused?.problem).toContain('This host is a worker node')
  })

  test('resets only with the marker, and has its secrets on stdin alone', async () => {
    const scripts: string[] = []
    for (const files of [{}, marker]) {
      const [step, ...others] = resource.converge(await look(files), desired)
      if (step === undefined || !('run' in step)) throw new Error('expected a run step')
      expect(step.stdin).toBeInstanceOf(Secret)
      for (const secret of [token, key]) expect(step.run + JSON.stringify(others)).not.toContain(secret)
      scripts.push(step.run)
    }
    const [fresh = '', again = ''] = scripts
    expect(again.replace("echo 'removing what is left of an earlier join'\nreset_host\n", '')).toBe(fresh)
    expect(again).not.toBe(fresh)
    await expectGolden(again, 'control-plane-join.sh')
  })

  test('hands kubeadm a document with token, pinned CA and certificate key', async () => {
    const [step] = resource.converge(await look({}), { ...desired, caHashes: ['sha256:abc'] })
    let document = ''
    // Only the shell reveals; map() is handed the value all the same.
    ;(step as { stdin: Secret }).stdin.map(value => {
      document = value
      return value
    })
    await expect(document).toMatchFileSnapshot('../goldens/resources/control-plane-join.yaml')
  })

  test('has no file with secrets while kubeadm runs, and gives each phase the document', async () => {
    const [step] = resource.converge(await look({}), desired)
    const { exitCode, stderr, asked, read, files } = await joinWithStubs(step)
    expect([exitCode, stderr]).toEqual([0, ''])
    const phase = 'join phase control-plane-prepare'
    const attempt = ['join phase preflight', `${phase} download-certs`, `${phase} certs`, 'join']
    expect(asked).toEqual([...attempt, ...attempt])
    expect(read).toEqual(asked.map(() => 'the document'))
    expect(files).not.toContain('kubeadm-join.yaml')
  })

  // etcd's answer to member list, as its JSON gateway writes it.
  const member = (id: string, address: string) =>
    `{"ID":"${id}","peerURLs":["https://${address}:2380"],"isLearner":true}`

  test.each([
    ['its own', '192.0.2.12', '"ID":"7"'],
    ['none that only begins like its own', '192.0.2.120', ''],
    ['none of another node', '192.0.2.13', ''],
  ])('takes %s stale member out of etcd', async (_what, address, removed) => {
    const [step] = resource.converge(await look({}), desired)
    const script = (step as { run: string }).run
    const functions = script.slice(script.indexOf('ask_etcd() {'), script.indexOf('keep_entries() {'))
    const answer = `{"header":{},"members":[${member('1', '192.0.2.11')},${member('7', address)}]}`
    // Programs of the host, as far as they matter here.
    const host = `kubeadm() { :; }
curl() { case "$*" in *member/list*) printf '%s' '${answer}';; *) printf '%s\\n' "$*" >&2;; esac; }
`
    const { exitCode, stderr } = await new Sandbox().sh(`set -eu\n${functions}${host}remove_stale_member`)
    expect(exitCode).toBe(0)
    expect(stderr.includes('member/remove')).toBe(removed !== '')
    expect(stderr).toContain(removed)
  })
})

test('a member that etcd does not let go is not reset', async () => {
  const [step] = resource.converge(await look(marker), desired)
  const script = (step as { run: string }).run
  const functions = script.slice(script.indexOf('ask_etcd() {'), script.indexOf("echo 'removing what"))
  const sandbox = new Sandbox()
  const key = sandbox.inside('/etc/kubernetes/pki/apiserver-etcd-client.key')
  const host = 'kubeadm() { echo "kubeadm $1" >&2; }\nsystemctl() { :; }\ncurl() { return 7; }\n'
  mkdirSync(sandbox.inside('/var/lib/evcctl'), { recursive: true })
  const resetting = `set -eu\n${functions}${host}reset_host`
  // Without the certificates it never was a member.
  expect((await sandbox.sh(resetting)).stderr).toContain('kubeadm reset')
  mkdirSync(dirname(key), { recursive: true })
  writeFileSync(key, 'x')
  const { exitCode, stderr } = await sandbox.sh(resetting)
  expect([exitCode, stderr]).toEqual([1, 'no member of etcd did it: member list\n'])
})

describe('the certificate key', () => {
  const one = certificateKey('/etc/evcctl/kubeadm.yaml')

  test('is a secret, and what it opens is deleted at the end', () => {
    const value = one.parse({ stdout: `[upload-certs] Using certificate key:\n${key}\n`, stderr: '', exitCode: 0 })
    expect(JSON.stringify(value)).toBe('"<certificate key>"')
    expect(one.run).not.toContain('--certificate-key')
    expect(one.revoke?.(value)).toMatch(/delete secret kubeadm-certs --ignore-not-found\n/)
  })

  test('is not made up of something else', () => {
    expect(() => one.parse({ stdout: 'Skipping phase\n', stderr: 'no API', exitCode: 0 })).toThrow('could not upload')
  })
})
