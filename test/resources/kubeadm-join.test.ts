import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Output, Secret, type TaskId } from '../../src/core/index.ts'
import { bootstrapToken } from '../../src/resources/kubeadm/bootstrap-token.ts'
import { joinConfiguration } from '../../src/resources/kubeadm/documents.ts'
import { type KubeadmJoinState, kubeadmJoin } from '../../src/resources/kubeadm/join.ts'
import { caHashesOf } from '../../src/resources/pki/index.ts'
import { nodeCertificate, throwAwayCa, underOneRoot } from './certificate.ts'
import { joinWithStubs } from './join-stubs.ts'
import { runStep } from './run-step.ts'
import { Sandbox } from './sandbox.ts'
import { expectGolden } from './shared-functions.ts'

const ca = throwAwayCa()
const secret = 'abcdef.0123456789abcdef'
const desired = { token: { id: 'abcdef', token: new Secret(secret, 'bootstrap token') }, caHashes: [ca.hash] }
const unknownHash = { unknown: true, from: 'cp1/kubeadm init:cluster' as TaskId } as const

const resource = kubeadmJoin({
  configuration: joinConfiguration({
    name: 'w1',
    address: '192.0.2.21',
    criSocket: 'unix:///run/containerd/containerd.sock',
    endpoint: '127.0.0.1:7443',
    taints: [{ key: 'gpu', effect: 'NoSchedule' }],
    ignorePreflightErrors: [],
    patch: { nodeRegistration: { kubeletExtraArgs: [{ name: 'v', value: '4' }] } },
  }),
  token: Output.ofTask('cp1/ephemeral value:bootstrap token' as TaskId),
  caHashes: Output.ofTask('cp1/kubeadm init:cluster' as TaskId),
  record: { path: '/var/lib/evcctl/kubelet-configuration.json', content: '{}\n' },
})

const joined = {
  '/etc/kubernetes/kubelet.conf': 'x',
  '/etc/kubernetes/pki/ca.crt': ca.pem,
  '/var/lib/kubelet/pki/kubelet-client-current.pem': 'x',
  '/var/lib/kubelet/config.yaml': 'x',
}
const controlPlane = { '/etc/kubernetes/admin.conf': 'x' }
const leftovers = { '/etc/kubernetes/pki/ca.crt': ca.pem }

async function look(files: Readonly<Record<string, string>>): Promise<KubeadmJoinState> {
  const sandbox = new Sandbox()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(sandbox.inside(path)), { recursive: true })
    writeFileSync(sandbox.inside(path), content)
  }
  return sandbox.probe(resource)
}

const { '/etc/kubernetes/kubelet.conf': _conf, ...withoutConf } = joined
const { '/var/lib/kubelet/pki/kubelet-client-current.pem': _pem, ...withoutCertificate } = joined

describe('kubeadm join', () => {
  test.each<[string, Readonly<Record<string, string>>, KubeadmJoinState['state']]>([
    ['a bare host', {}, 'absent'],
    ['a node', joined, 'joined'],
    ['a node that lost its kubeconfig', withoutConf, 'leftovers'],
    ['a node that lost its certificate', withoutCertificate, 'leftovers'],
    ['a join that was cut off', { ...joined, '/var/lib/kubelet/evcctl-unfinished': 'worker\n\n' }, 'unfinished'],
    ['a control plane node', { ...joined, ...controlPlane }, 'control plane'],
  ])('sees %s', async (_what, files, state) => {
    expect((await look(files)).state).toBe(state)
  })

  test('is to be done on a bare host, also while the hash of the CA is not known', async () => {
    const bare = await look({})
    const diff = (caHashes: readonly string[] | typeof unknownHash) =>
      resource.diff(bare, { ...desired, caHashes }, { watched: [] })
    expect(diff([ca.hash])).toEqual({ action: 'create', fields: [{ field: 'CA', after: ca.hash }] })
    expect(diff(unknownHash)).toEqual({ action: 'create', fields: [{ field: 'CA', after: unknownHash }] })
  })

  test('is nothing to do for a node of this cluster, or of one that is not known yet', async () => {
    const current = await look(joined)
    expect(resource.diff(current, desired, { watched: [] })).toBeUndefined()
    expect(resource.diff(current, { ...desired, caHashes: unknownHash }, { watched: [] })).toBeUndefined()
  })

  test('is refused for a node of another cluster, and for a control plane node', async () => {
    const current = await look(joined)
    const other = resource.diff(current, { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(other?.refused).toMatchObject({ problem: 'This host belongs to another cluster.', actual: ca.hash })
    const own = resource.diff(await look({ ...joined, ...controlPlane }), desired, { watched: [] })
    expect(own?.refused?.problem).toContain('runs a control plane')
  })

  test('is nothing to do for a node that trusts one of two CAs, of which one replaces the other', async () => {
    const next = throwAwayCa()
    const both = { ...desired, caHashes: [next.hash, ca.hash] }
    expect(resource.diff(await look(joined), both, { watched: [] })).toBeUndefined()
    const withBoth = await look({ ...joined, '/etc/kubernetes/pki/ca.crt': `${next.pem}${ca.pem}` })
    expect(withBoth.caHashes).toEqual([next.hash, ca.hash])
    for (const caHashes of [[ca.hash], [next.hash], both.caHashes])
      expect(resource.diff(withBoth, { ...desired, caHashes }, { watched: [] })).toBeUndefined()
    const other = resource.diff(withBoth, { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(other?.refused?.actual).toBe(`${next.hash}, ${ca.hash}`)
  })

  test('is refused for a node of another cluster below the same root', async () => {
    const [own, other] = underOneRoot()
    const current = await look({ ...joined, '/etc/kubernetes/pki/ca.crt': other })
    expect(current.caHashes).toHaveLength(1)
    const caHashes = caHashesOf(own)
    expect(resource.diff(current, { ...desired, caHashes }, { watched: [] })?.refused).toBeDefined()
  })

  test('pins both CAs while one replaces the other, and the plan names both', async () => {
    const both = { ...desired, caHashes: ['sha256:new', 'sha256:old'] }
    expect(resource.diff(await look({}), both, { watched: [] })?.fields).toEqual([
      { field: 'CA', after: 'sha256:new, sha256:old' },
    ])
    const [step] = resource.converge(await look({}), both)
    let document = ''
    ;(step as { stdin: Secret }).stdin.map(value => {
      document = value
      return value
    })
    expect(document).toMatch(/caCertHashes:\n +- sha256:new\n +- sha256:old\n/)
  })

  test('takes a control plane node of another name for that node, not for one to be reset', async () => {
    const cp2 = {
      ...joined,
      ...controlPlane,
      '/var/lib/kubelet/pki/kubelet-client-current.pem': nodeCertificate('cp2'),
    }
    expect(resource.diff(await look(cp2), desired, { watched: [] })?.refused).toMatchObject({
      actual: 'the node cp2',
      next: expect.stringMatching(/^Is \S+ another machine\? Correct the addresses .* Or name this one cp2 there/),
    })
    const elsewhere = resource.diff(await look(cp2), { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(elsewhere?.refused?.problem).toContain('runs a control plane')
  })

  test('is refused for a node that has another name by now, and never prints its key', async () => {
    const certificate = '/var/lib/kubelet/pki/kubelet-client-current.pem'
    const same = await look({ ...joined, [certificate]: nodeCertificate('w1') })
    expect(resource.diff(same, desired, { watched: [] })).toBeUndefined()
    const other = await look({ ...joined, [certificate]: nodeCertificate('w9') })
    expect(resource.diff(other, desired, { watched: [] })?.refused).toMatchObject({ actual: 'the node w9' })
    const sandbox = new Sandbox()
    const path = sandbox.inside(certificate)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, nodeCertificate('w1'))
    const { stdout } = await sandbox.sh(resource.probe.script)
    expect(stdout).toContain('BEGIN CERTIFICATE')
    expect(stdout).not.toContain('KEY')
  })

  test('resets only what an earlier join left, and has the token on stdin alone', async () => {
    const scripts: string[] = []
    for (const files of [{}, leftovers]) {
      const [step, ...others] = resource.converge(await look(files), desired)
      if (step === undefined || !('run' in step)) throw new Error('expected a run step')
      expect(step.stdin).toBeInstanceOf(Secret)
      expect(step.run + JSON.stringify(others)).not.toContain(secret)
      scripts.push(step.run)
    }
    const [fresh = '', again = ''] = scripts
    expect(again.replace("echo 'removing what is left of an earlier join'\nreset_host\n", '')).toBe(fresh)
    expect(again).not.toBe(fresh)
    await expectGolden(again, 'kubeadm-join.sh', 'control-plane-join.sh')
  })

  test('is refused where another cluster has left its CA, and never resets that', async () => {
    const left = await look(leftovers)
    const change = resource.diff(left, { ...desired, caHashes: ['sha256:other'] }, { watched: [] })
    expect(change?.refused).toMatchObject({
      problem: 'This host belongs to another cluster.',
      actual: ca.hash,
    })
    expect(resource.diff(left, desired, { watched: [] })).toMatchObject({
      action: 'run',
      note: 'what is left of an earlier join is removed first',
    })
  })

  test('has no file with the token while kubeadm runs, and gives it the document as often as it tries', async () => {
    const [step] = resource.converge(await look({}), desired)
    const { exitCode, asked, read, files } = await joinWithStubs(step)
    expect(exitCode).toBe(0)
    expect(asked).toEqual(['join phase preflight', 'join', 'join phase preflight', 'join'])
    expect(read).toEqual(asked.map(() => 'the document'))
    expect(files).not.toContain('kubeadm-join.yaml')
  })

  test('hands kubeadm a document with token and pinned CA', async () => {
    const [step] = resource.converge(await look({}), { ...desired, caHashes: ['sha256:abc'] })
    const { stdin } = step as { stdin: Secret }
    let document = ''
    // Only the shell reveals; map() is handed the value all the same.
    stdin.map(value => {
      document = value
      return value
    })
    await expect(document).toMatchFileSnapshot('../goldens/resources/kubeadm-join.yaml')
  })
})

describe('the bootstrap token', () => {
  const one = bootstrapToken()
  const printed = (stdout: string, exitCode = 0) => one.parse({ stdout, stderr: 'no API', exitCode })

  test('is a secret; its id is enough to revoke it', () => {
    const value = printed(`${secret}\n`)
    expect(JSON.stringify(value)).toBe('{"id":"abcdef","token":"<bootstrap token>"}')
    expect(one.revoke?.(value)).toBe('kubeadm --kubeconfig /etc/kubernetes/admin.conf token delete abcdef\n')
  })

  test('is given when cluster-info is signed for it, because kubeadm join would wait 5 s for that', () => {
    const { status, stdout, log } = runStep(
      { run: one.run, timeoutMs: 60_000 },
      {
        kubeadm: `echo 'kubeadm token create' >>log; echo ${secret}`,
        kubectl: `echo "kubectl \${*##*\\{}" >>log
[ "$(grep -c ^kubectl log)" -lt 3 ] || printf signature`,
        sleep: 'echo sleep >>log',
      },
    )
    expect([status, stdout]).toEqual([0, `${secret}\n`])
    const asked = 'kubectl .data.jws-kubeconfig-abcdef}'
    expect(log).toEqual(['kubeadm token create', asked, 'sleep', asked, 'sleep', asked])
  })

  test.each([
    ['', 1],
    ['W1121 something else\n', 0],
  ])('is not made up of %j', (stdout, exitCode) => {
    expect(() => printed(stdout, exitCode)).toThrow('kubeadm could not create a bootstrap token.')
  })
})
