import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { Output, type Step, type TaskId } from '../../src/core/index.ts'
import { type NodeCertificatesState, nodeCertificates } from '../../src/resources/kubeadm/node-certificates.ts'
import { renewDaysOf } from '../../src/resources/kubeadm/renewal-rule.ts'
import { renewCertificatesScript } from '../../src/resources/kubeadm/renewed-certificates.ts'
import { PowerCut } from './cut-off.ts'
import { Sandbox } from './sandbox.ts'
import { withoutRepeated } from './shared-functions.ts'

const sandbox = new Sandbox()
afterAll(() => rmSync(sandbox.root, { recursive: true, force: true }))

const kubernetes = join(sandbox.root, 'etc/kubernetes')
const openssl = (script: string): string =>
  execFileSync('sh', ['-ec', script], { cwd: sandbox.root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'

const authorities = ['ca', 'etcd/ca', 'front-proxy-ca']
const certificates: readonly (readonly [path: string, ca: string])[] = [
  ['pki/apiserver.crt', 'ca'],
  ['pki/apiserver-kubelet-client.crt', 'ca'],
  ['pki/etcd/server.crt', 'etcd/ca'],
  ['pki/front-proxy-client.crt', 'front-proxy-ca'],
  ['admin.conf', 'ca'],
  ['controller-manager.conf', 'ca'],
  ['scheduler.conf', 'ca'],
]

function put(path: string, text: string): void {
  mkdirSync(dirname(join(kubernetes, path)), { recursive: true })
  writeFileSync(join(kubernetes, path), text)
}

function makeCa(name: string, days: number): void {
  const at = `etc/kubernetes/pki/${name}`
  openssl(
    `mkdir -p $(dirname ${at}); openssl req -x509 ${newKey} -keyout ${at}.key -subj /CN=${name.replace('/', '-')} -days ${days} -out ${at}.crt`,
  )
}

/** A certificate of a CA, PEM. */
function sign(ca: string, days: number): string {
  const at = `etc/kubernetes/pki/${ca}`
  return openssl(
    `openssl req -new ${newKey} -keyout key -subj /CN=x -out request; openssl x509 -req -in request -CA ${at}.crt -CAkey ${at}.key -set_serial $(date +%N) -days ${days}`,
  )
}

/** Writes the certificates of a control plane node; of files and kubeconfigs. */
function make(days: number, only: readonly string[] = certificates.map(([path]) => path)): void {
  for (const [path, ca] of certificates.filter(([one]) => only.includes(one))) {
    const pem = sign(ca, days)
    const base64 = Buffer.from(pem).toString('base64')
    put(path, path.endsWith('.conf') ? `users:\n- user:\n    client-certificate-data: ${base64}\n` : pem)
    if (path.endsWith('.crt')) put(path.replace(/crt$/, 'key'), 'old')
  }
}

beforeEach(() => {
  rmSync(kubernetes, { recursive: true, force: true })
  for (const name of ['var', 'proc']) rmSync(join(sandbox.root, name), { recursive: true, force: true })
  mkdirSync(join(sandbox.root, 'var/lib/evcctl'), { recursive: true })
  put('manifests/kube-apiserver.yaml', 'kind: Pod\n')
  for (const name of authorities) makeCa(name, 3000)
})

// The processes of the host are files of the test.
const withProcesses = (script: string) =>
  script.replaceAll('/proc/', `${sandbox.root}/proc/`).replaceAll('/sys/fs/cgroup', `${sandbox.root}/cgroup`)

function runs(process: number, component: string, start: number, network = 'net:[1]'): void {
  const folder = join(sandbox.root, 'proc', String(process))
  mkdirSync(join(folder, 'ns'), { recursive: true })
  writeFileSync(join(folder, 'cmdline'), `${component}\0--leader-elect=true\0`)
  const cgroup = `/kubepods/burstable/pod${'0a'.repeat(16)}/1`
  mkdirSync(join(sandbox.root, 'cgroup', cgroup), { recursive: true })
  writeFileSync(join(folder, 'cgroup'), `0::${cgroup}\n`)
  rmSync(join(folder, 'ns/net'), { force: true })
  symlinkSync(network, join(folder, 'ns/net'))
  const before = Array.from({ length: 18 }, () => '0').join(' ')
  writeFileSync(join(folder, 'stat'), `${process} (kube scheduler) S ${before} ${start} 0 0\n`)
}

const parameters = { configuration: '/etc/evcctl/kubeadm.yaml', advertiseAddress: '192.0.2.11', bindPort: 6443 }
const resource = (renewDays = 30) => nodeCertificates({ ...parameters, renewDays })
async function probe(): Promise<NodeCertificatesState> {
  const raw = await sandbox.sh(withProcesses(resource().probe.script))
  return resource().probe.parse({ ...raw, stdout: raw.stdout.replaceAll(sandbox.root, '') })
}
const compare = async (renewDays?: number) => resource(renewDays).diff(await probe(), {}, { watched: [] })
const inside = (path: string) => `/etc/kubernetes/${path}`
// It only has to be told from what stands before it.
const cross = '-----BEGIN CERTIFICATE-----\nY3Jvc3M=\n-----END CERTIFICATE-----\n'

describe('certificates of a control plane node', () => {
  test('with 31 days left stay as they are', async () => {
    make(32)
    expect(await compare()).toBeUndefined()
  })

  test('are all renewed when one of them has less than 30 days left, and the plan names each with its days', async () => {
    make(40)
    make(20, ['scheduler.conf'])
    const change = await compare()
    expect(change?.action).toBe('update')
    expect(change?.fields.map(({ field, before }) => [field, before])).toEqual(
      expect.arrayContaining([
        [inside('scheduler.conf'), expect.stringMatching(/^(19|20) days left$/)],
        [inside('pki/etcd/server.crt'), expect.stringMatching(/^(39|40) days left$/)],
      ]),
    )
    expect(change?.fields).toHaveLength(certificates.length)
  })

  test('that have expired are renewed', async () => {
    make(40)
    make(0, ['pki/apiserver.crt'])
    expect((await compare())?.fields).toContainEqual({
      field: inside('pki/apiserver.crt'),
      before: 'expired',
      after: 'renewed',
    })
  })

  test('that somebody else has signed, or whose CA has no key there, are left to them', async () => {
    make(20)
    rmSync(join(kubernetes, 'pki/ca.key'))
    makeCa('etcd/ca', 3000)
    const change = await compare()
    expect(change?.fields.map(({ field }) => field)).toEqual([inside('pki/front-proxy-client.crt')])
  })

  test.each(['first', 'second'])('are renewed where the %s of two CAs has signed them', async place => {
    make(20)
    const signer = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')
    makeCa('ca', 3000)
    const next = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')
    put('pki/ca.crt', place === 'first' ? signer + next : next + signer)
    expect((await compare())?.fields).toHaveLength(certificates.length)
  })

  test('are not renewed again and again where their CA lives no longer', async () => {
    for (const name of authorities) makeCa(name, 10)
    make(10)
    expect(await compare()).toBeUndefined()
  })

  test('are left alone on a host that is no control plane node, or not yet', async () => {
    make(20)
    rmSync(join(kubernetes, 'manifests/kube-apiserver.yaml'))
    expect(await compare()).toBeUndefined()
  })

  test('are signed again by the CA that takes the place of another, those alone that the other one has signed', async () => {
    make(300)
    const former = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')
    makeCa('ca', 3000)
    const next = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')
    put('pki/ca.crt', next + former)
    make(300, ['scheduler.conf'])
    const asked = nodeCertificates({ ...parameters, renewDays: 30, signedBy: new Output([], () => next) })
    const change = asked.diff(await probe(), { signedBy: next }, { watched: [] })
    expect(change?.fields.map(({ field, before }) => [field, before])).toEqual(
      ['admin.conf', 'pki/apiserver.crt', 'pki/apiserver-kubelet-client.crt', 'controller-manager.conf'].map(path => [
        inside(path),
        'signed by the former CA',
      ]),
    )
    const [renewal] = asked.converge(await probe(), { signedBy: next }) as [Step & { readonly run: string }]
    expect(renewal.run).toContain('kubeadm certs renew')
    expect(renewal.run).not.toContain('scheduler.conf --config')
    // Before that CA is known, all of the cluster's own certificates are.
    const planned = asked.diff(await probe(), { signedBy: { unknown: true, from: 'x' as TaskId } }, { watched: [] })
    expect(planned?.fields).toHaveLength(5)
    expect(await compare()).toBeUndefined()
  })

  test('are renewed by certs renew unless they are younger than a day', async () => {
    make(200)
    expect((await compare(renewDaysOf({}, 'all')))?.fields).toHaveLength(certificates.length)
    make(365)
    expect(await compare(renewDaysOf({}, 'all'))).toBeUndefined()
  })
})

test('certificates of a short life are renewed when a third of it is left', () => {
  expect(renewDaysOf({ certificateValidityPeriod: '240h0m0s' }, 'due')).toBeCloseTo(10 / 3)
  expect(renewDaysOf({ certificateValidityPeriod: '240h' }, 'all')).toBe(9)
  expect(renewDaysOf({ certificateValidityPeriod: '17520h' }, 'due')).toBe(30)
  expect(renewDaysOf({ certificateValidityPeriod: 'a week' }, 'due')).toBe(30)
})

describe('a renewal', () => {
  // As kubeadm does it, in place. The mounts of the host are left out: unshare gives the copies as the place.
  const kubeadm = `case $3 in
*.conf) file=$3 ;;
apiserver*|front-proxy*) file=pki/$3.crt ;;
etcd-*) file=pki/etcd/\${3#etcd-}.crt ;;
esac
case $file in *.crt) echo new >"$NEW/\${file%crt}key" ;; esac
cp ${sandbox.root}/renewed/"$(echo "$file" | tr / _)" "$NEW/$file"
`
  const unshare = `shift 5
NEW=/etc/kubernetes/evcctl-renewed/new
export NEW
config=$1
shift
for name; do kubeadm certs renew "$name" --config "$config" || exit 1; done
`
  // A process of each component, as the host knows it. It ends with a signal, and the kubelet starts another one.
  const host = () => new PowerCut(sandbox, { kubeadm, unshare, sync: 'exit 0\n' })

  function makeRenewed(): void {
    mkdirSync(join(sandbox.root, 'renewed'), { recursive: true })
    for (const [path, ca] of certificates) {
      const pem = sign(ca, 365)
      const base64 = Buffer.from(pem).toString('base64')
      const text = path.endsWith('.conf') ? `users:\n- user:\n    client-certificate-data: ${base64}\n` : pem
      writeFileSync(join(sandbox.root, 'renewed', path.replaceAll('/', '_')), text)
    }
  }
  const renewal = async (): Promise<string> => {
    const state = await probe()
    const [first] = resource().converge(state, {}) as [Step & { readonly run: string }]
    return withProcesses(first.run)
  }
  const pairs = () =>
    certificates
      .filter(([path]) => path.endsWith('.crt'))
      .map(([path]) => {
        const isNew =
          readFileSync(join(kubernetes, path), 'utf8') ===
          readFileSync(join(sandbox.root, 'renewed', path.replaceAll('/', '_')), 'utf8')
        return [isNew ? 'new' : 'old', readFileSync(join(kubernetes, path.replace(/crt$/, 'key')), 'utf8').trim()]
      })

  test('leaves new certificates with their keys, and nothing else', async () => {
    make(20)
    makeRenewed()
    expect(await host().run(await renewal())).toMatchObject({ exitCode: 0, stderr: '' })
    expect(new Set(pairs().flat())).toEqual(new Set(['new']))
    expect(readdirSync(kubernetes).sort()).toEqual([
      'admin.conf',
      'controller-manager.conf',
      'manifests',
      'pki',
      'scheduler.conf',
    ])
    expect(await compare()).toBeUndefined()
  })

  test('is made where a kubeconfig is a link to nothing, or a folder', async () => {
    make(20)
    makeRenewed()
    symlinkSync('gone', join(kubernetes, 'user.conf'))
    mkdirSync(join(kubernetes, 'folder.conf'))
    expect(await host().run(await renewal())).toMatchObject({ exitCode: 0, stderr: '' })
    expect(new Set(pairs().flat())).toEqual(new Set(['new']))
    expect(readlinkSync(join(kubernetes, 'user.conf'))).toBe('gone')
  })

  test('is this script', async () => {
    const script = renewCertificatesScript('/etc/evcctl/kubeadm.yaml', ['admin.conf', 'apiserver'])
    await expect(await withoutRepeated(script)).toMatchFileSnapshot('../goldens/resources/renewed-certificates.sh')
  })

  test('leaves kubeconfigs that trust both CAs where one replaces the other, and touches no other kubeconfig', async () => {
    const trusts = 'clusters:\n- cluster:\n    certificate-authority-data: Zmlyc3Q=\n'
    make(20)
    makeRenewed()
    for (const name of ['admin.conf', 'controller-manager.conf', 'scheduler.conf']) {
      const renewed = join(sandbox.root, 'renewed', name)
      writeFileSync(renewed, trusts + readFileSync(renewed, 'utf8'))
    }
    put('kubelet.conf', trusts)
    const signer = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')
    makeCa('ca', 3000)
    put('pki/ca.crt', `# new\n${readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8')}# old\n${signer}`)
    expect(await host().run(await renewal())).toMatchObject({ exitCode: 0, stderr: '' })
    const trusted = (name: string) => {
      const [, base64] = /certificate-authority-data: (\S+)/.exec(readFileSync(join(kubernetes, name), 'utf8')) ?? []
      return Buffer.from(base64 ?? '', 'base64').toString()
    }
    const both = readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8').replace(/# .*\n/g, '')
    for (const name of ['admin.conf', 'controller-manager.conf', 'scheduler.conf']) expect(trusted(name)).toBe(both)
    expect(trusted('kubelet.conf')).toBe('first')
  })

  test('puts the cross certificate behind that of the API server while one CA takes the place of another', async () => {
    make(20)
    makeRenewed()
    put('pki/ca-rotation/next.crt', readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8'))
    put('pki/ca-rotation/cross.crt', cross)
    expect(await host().run(await renewal())).toMatchObject({ exitCode: 0, stderr: '' })
    const renewed = readFileSync(join(sandbox.root, 'renewed/pki_apiserver.crt'), 'utf8')
    expect(readFileSync(join(kubernetes, 'pki/apiserver.crt'), 'utf8')).toBe(renewed + cross)
    expect(await compare()).toBeUndefined()
  })

  test('by hand leaves the cross certificate out: it is shown, and put behind again', async () => {
    make(300)
    put('pki/ca-rotation/next.crt', readFileSync(join(kubernetes, 'pki/ca.crt'), 'utf8'))
    put('pki/ca-rotation/cross.crt', cross)
    const own = readFileSync(join(kubernetes, 'pki/apiserver.crt'), 'utf8')
    expect((await compare())?.fields).toEqual([
      {
        field: inside('pki/apiserver.crt'),
        before: 'without the cross certificate',
        after: 'with the cross certificate',
      },
    ])
    const [, complete] = resource().converge(await probe(), {}) as readonly (Step & { readonly run: string })[]
    expect(await host().run(complete!.run)).toMatchObject({ exitCode: 0 })
    expect(readFileSync(join(kubernetes, 'pki/apiserver.crt'), 'utf8')).toBe(own + cross)
    expect(await compare()).toBeUndefined()
    // One by another CA has nothing to do with it.
    makeCa('ca', 3000)
    make(300)
    expect(await compare()).toBeUndefined()
  })

  test('is not ended before the controller manager and the scheduler have started again', async () => {
    make(20)
    makeRenewed()
    for (const [process, name] of [
      [41, 'kube-controller-manager'],
      [42, 'kube-scheduler'],
    ] as const)
      runs(process, name, 700)
    mkdirSync(join(sandbox.root, 'proc/self/ns'), { recursive: true })
    symlinkSync('net:[1]', join(sandbox.root, 'proc/self/ns/net'))
    // The scheduler of a cluster that runs in a container of this node.
    runs(40, 'kube-scheduler', 702, 'net:[2]')
    await host().run(await renewal())
    expect((await compare())?.fields).toEqual([
      { field: 'kube-controller-manager', before: 'runs with its former certificate', after: 'started again' },
      { field: 'kube-scheduler', before: 'runs with its former certificate', after: 'started again' },
    ])
    runs(41, 'kube-controller-manager', 900)
    rmSync(join(sandbox.root, 'proc/42'), { recursive: true })
    expect(await compare()).toBeUndefined()
  })

  test('that loses its power at any moment leaves whole files, is shown, and is ended by the next run', async () => {
    make(20)
    makeRenewed()
    cpSync(kubernetes, join(sandbox.root, 'former'), { recursive: true })
    let ends = 0
    for (let before = 1; ends === 0; before += 5) {
      rmSync(kubernetes, { recursive: true })
      cpSync(join(sandbox.root, 'former'), kubernetes, { recursive: true })
      const script = await renewal()
      if ((await host().run(script, before)).exitCode === 0) ends = before
      else {
        for (const [path] of certificates) expect(readFileSync(join(kubernetes, path), 'utf8')).not.toBe('')
        expect((await compare())?.action, `cut off before program ${before}`).toBe('update')
      }
      expect((await host().run(await renewal())).exitCode).toBe(0)
      expect(
        pairs().every(([certificate, key]) => certificate === key),
        `after program ${before}`,
      ).toBe(true)
      expect(await compare(), `after program ${before}`).toBeUndefined()
      expect(existsSync(join(kubernetes, 'evcctl-renewed'))).toBe(false)
    }
    expect(ends).toBeGreaterThan(20)
  }, 120_000)
})
