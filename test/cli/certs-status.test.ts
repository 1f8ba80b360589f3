import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readAnswer } from '../../src/cli/certificates/ask-certificates.ts'
import { certificateReport } from '../../src/cli/certificates/certificate-report.ts'
import { certificateText } from '../../src/cli/certificates/certificate-text.ts'
import { HostError } from '../../src/core/index.ts'
import { createPaint } from '../../src/report/index.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'
import { specOf } from '../playbooks/given.ts'
import { certificateOf } from './certificate-of.ts'

const now = Date.parse('2026-12-01T12:00:00Z')
const spec = specOf({
  hosts: [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  ],
})
const apiServer = '/etc/kubernetes/pki/apiserver.crt'
const line = (path: string, base64: string) => `certificate ${path} ${base64}`
const silent = new HostError('w1', 'unreachable', { where: 'w1', problem: 'it cannot be reached' })

/** A certificate of today, DER in base64, with a subject as openssl takes it. */
function signedFor(subject: string, extensions = ''): string {
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null'
  const script = `openssl req -x509 ${key} -multivalue-rdn -subj "$subject" -days 9 ${extensions} -outform der 2>/dev/null | base64 | tr -d '\\n'`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, subject } })
}

function reportOf(given: Readonly<Record<string, string | HostError>>, at = now) {
  const answers = Object.entries(given).map(
    ([name, said]) => [name, said instanceof HostError ? said : readAnswer({ stdout: said })] as const,
  )
  return certificateReport(spec, new Map(answers), at)
}
const text = (given: Parameters<typeof reportOf>[0]) =>
  certificateText(reportOf(given), { name: 'edge', paint: createPaint(false) })

describe('the certificates of a cluster', () => {
  test('are shown by host, with their signer and the days left', () => {
    const said = text({
      cp1: `${line(apiServer, certificateOf(now, 200))}\n${line('/etc/kubernetes/pki/ca.crt', certificateOf(now, 3000, { ca: true, lifetimeDays: 3650 }))}`,
      w1: line('/var/lib/kubelet/pki/kubelet-client-current.pem', certificateOf(now, 60)),
    })
    expect(said).toBe(`edge: 3 certificates on 2 hosts; the first one expires in 60 days

HOST  CERTIFICATE                                      KIND    FOR  SIGNED BY  EXPIRES     LEFT
cp1   /etc/kubernetes/pki/apiserver.crt                server  x    itself     2027-06-19  200 days
cp1   /etc/kubernetes/pki/ca.crt                       CA      x    itself     2035-02-17  3000 days
w1    /var/lib/kubelet/pki/kubelet-client-current.pem  server  x    itself     2027-01-30  60 days`)
  })

  test('that expire soon, or have expired, come with what to do, and silent hosts with the reason', () => {
    const said = text({
      cp1: `${line(apiServer, certificateOf(now, 20))}\n${line('/etc/kubernetes/admin.conf', certificateOf(now, -2))}`,
      w1: silent,
    })
    expect(said).toContain('; 1 expired, 1 expires soon')
    expect(said).toMatch(/apiserver.crt +server +x +itself +2026-12-21 +20 days\n/)
    expect(said).toMatch(/admin.conf +server +x +itself +2026-11-29 +expired\n/)
    expect(said).toMatch(/✘ cp1: 2 certificates expire within 90 days or have expired/)
    expect(said).toContain('✘ w1: could not be asked: it cannot be reached')
  })

  test('name whom they are for, with groups, and what for', () => {
    const client = signedFor(
      '/O=system:masters/O=b/CN=admin',
      '-addext extendedKeyUsage=clientAuth -addext basicConstraints=critical,CA:FALSE',
    )
    const both = signedFor(
      '/O=a+CN=c',
      '-addext extendedKeyUsage=clientAuth,serverAuth -addext basicConstraints=critical,CA:FALSE',
    )
    const { certificates } = reportOf({ cp1: `${line('/a', client)}\n${line('/b', both)}`, w1: silent }, Date.now())
    expect(certificates.map(({ kind, subject }) => [kind, subject])).toEqual([
      ['client', 'admin (system:masters, b)'],
      ['server and client', 'c (a)'],
    ])
  })

  test('that expire soon are told from another one in the same file', () => {
    const ca = (days: number) =>
      line('/etc/kubernetes/pki/ca.crt', certificateOf(now, days, { ca: true, lifetimeDays: 3650 }))
    const { certificates } = reportOf({ cp1: `${ca(20)}\n${ca(3000)}`, w1: silent })
    expect(certificates.map(({ state }) => state)).toEqual(['expires soon', 'valid'])
  })

  test('that a kubelet has signed for itself have advice of their own', () => {
    const { notes } = reportOf({ cp1: line('/var/lib/kubelet/pki/kubelet.crt', certificateOf(now, 20)), w1: silent })
    expect(notes[0]!.problem).toContain('no API server checks it')
  })

  test('are missing on a host that is no node yet', () => {
    const { notes, problems } = reportOf({ cp1: '', w1: '' })
    expect(problems).toEqual([])
    expect(notes.map(({ where, problem }) => `${where}: ${problem}`)).toEqual([
      'cp1: it has no certificate: it is no node yet. evcctl apply cluster.yaml',
      'w1: it has no certificate: it is no node yet. evcctl apply cluster.yaml',
    ])
  })

  test('of a host that lies do no harm to a terminal, and hide no other host', () => {
    const evil = signedFor(`/O=${'x'.repeat(60)}/CN=\u001b[2Jadmin\u202e`, '-utf8')
    const lines = [
      line('/a b', evil),
      line(`/${'a'.repeat(300)}`, evil),
      line('/c', evil),
      ...Array(60).fill(line('/d', evil)),
    ]
    const report = reportOf({ cp1: lines.join('\n'), w1: line(apiServer, certificateOf(now, 200)) })
    expect(report.certificates.filter(({ host }) => host === 'cp1').length).toBeLessThan(50)
    expect(report.certificates.filter(({ host }) => host === 'w1')).toHaveLength(1)
    const said = certificateText(report, { name: 'edge', paint: createPaint(false) })
    expect(said).not.toMatch(/[\u001b\u202e]/)
    expect(Math.max(...said.split('\n').map(({ length }) => length))).toBeLessThan(400)
  })

  test('are read without an exception, whatever a host prints', () => {
    const good = `${line(apiServer, certificateOf(now, 200))}\n`
    const at = fc.tuple(fc.nat(good.length), anyText(20))
    fc.assert(
      fc.property(fc.array(at, { maxLength: 5 }), edits => {
        const printed = edits.reduce((said, [place, more]) => said.slice(0, place) + more + said.slice(place), good)
        text({ cp1: printed, w1: silent })
      }),
      fuzzing('certificates of a host', 300),
    )
  })
})
