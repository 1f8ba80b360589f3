import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { certificatesScript, parseCertificates } from '../../src/facts/certificates.ts'
import { replacementNotes } from '../../src/preflight/index.ts'
import { kubeadmFacts } from '../../src/resources/kubeadm/facts.ts'
import { underOneRoot } from '../resources/certificate.ts'

let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'evcctl-certificates-'))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const script = () => certificatesScript(kubeadmFacts).replace(/\/(etc|var)\//g, `${root}/$1/`)
const run = () => execFileSync('sh', { input: script(), encoding: 'utf8' })
const read = () => parseCertificates(run().split('\n')).map(one => ({ ...one, path: one.path.slice(root.length) }))
const put = (path: string, text: string) => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

/** A certificate and its key, PEM. */
function pair(days: number, more = '') {
  const folder = mkdtempSync(join(root, 'pair-'))
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key'
  execFileSync('sh', ['-c', `openssl req -x509 ${key} -subj /CN=x -days ${days} ${more} -out crt 2>/dev/null`], {
    cwd: folder,
  })
  return { crt: readFileSync(join(folder, 'crt'), 'utf8'), key: readFileSync(join(folder, 'key'), 'utf8') }
}

test('a host without any has none', () => expect(read()).toEqual([]))

test('a file of CAs is read whole, since one of them may replace the other', () => {
  const [one, other] = [pair(100), pair(200)]
  put('/etc/kubernetes/pki/etcd/ca.crt', `# old\n${one.crt}\n# new\n${other.crt}`)
  const found = read().filter(({ path }) => path === '/etc/kubernetes/pki/etcd/ca.crt')
  expect(found.map(({ validTo }) => Math.round((validTo - Date.now()) / 86_400_000))).toEqual([100, 200])
  rmSync(join(root, '/etc/kubernetes/pki/etcd/ca.crt'))
})

test('a CA with the root that has signed it is a chain', () => {
  put('/etc/kubernetes/pki/etcd/ca.crt', underOneRoot()[0])
  const found = read().filter(({ path }) => path === '/etc/kubernetes/pki/etcd/ca.crt')
  expect(found.map(({ isRoot }) => isRoot)).toEqual([undefined, true])
  expect(replacementNotes(new Map([['cp1', found]]))).toEqual([])
  rmSync(join(root, '/etc/kubernetes/pki/etcd/ca.crt'))
})

test('of a file with many CAs only the first ones are read, and a note says so', () => {
  const pems = Array.from({ length: 8 }, () => pair(100).crt)
  put('/etc/kubernetes/pki/etcd/ca.crt', pems.slice(0, 6).join(''))
  const few = read().filter(({ path }) => path === '/etc/kubernetes/pki/etcd/ca.crt')
  expect([few.length, few.some(({ hasMore }) => hasMore)]).toEqual([6, false])
  put('/etc/kubernetes/pki/etcd/ca.crt', pems.join(''))
  const found = read().filter(({ path }) => path === '/etc/kubernetes/pki/etcd/ca.crt')
  expect(found.map(({ hasMore }) => hasMore)).toEqual([...Array(5).fill(undefined), true])
  const notes = replacementNotes(new Map([['cp1', found]])).map(({ text }) => text)
  expect(notes).toContainEqual(expect.stringContaining('etcd/ca.crt has more than 6 certificates'))
  rmSync(join(root, '/etc/kubernetes/pki/etcd/ca.crt'))
})

test('certificates of files and kubeconfigs are read, and nothing of the keys beside them', () => {
  const leaf = pair(10, '-addext basicConstraints=critical,CA:FALSE')
  const ca = pair(100)
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  put('/etc/kubernetes/pki/apiserver.crt', `# request sha256 0\n${leaf.crt}${ca.crt}`)
  put('/etc/kubernetes/pki/ca.crt', ca.crt.trimEnd())
  put('/etc/kubernetes/pki/etcd/peer.crt', leaf.crt.split('\n').slice(0, 4).join('\n'))
  put('/etc/kubernetes/pki/empty.crt', '')
  put(
    '/etc/kubernetes/admin.conf',
    `users:\n- user:\n    client-certificate-data: ${base64(leaf.crt)}\n    client-key-data: ${base64(leaf.key)}\n`,
  )
  put('/var/lib/kubelet/pki/kubelet-client-current.pem', leaf.key + leaf.crt + leaf.key)
  const found = read()
  expect(found.map(({ path, ca: isCa }) => [path, isCa])).toEqual([
    ['/etc/kubernetes/pki/apiserver.crt', false],
    ['/etc/kubernetes/pki/ca.crt', true],
    ['/etc/kubernetes/admin.conf', false],
    ['/var/lib/kubelet/pki/kubelet-client-current.pem', false],
  ])
  const days = found.map(({ validTo }) => Math.round((validTo - Date.now()) / 86_400_000))
  expect(days).toEqual([10, 100, 10, 10])
  const printed = run()
  // The public half follows after that, which is in the certificate, too.
  for (const line of leaf.key.split('\n').slice(1, 3)) expect(printed).not.toContain(line.slice(0, 40))
  expect(printed).not.toContain(base64(leaf.key))
})
