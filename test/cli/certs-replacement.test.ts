import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAnswer } from '../../src/cli/certificates/ask-certificates.ts'
import { certificateReport } from '../../src/cli/certificates/certificate-report.ts'
import { certificateText } from '../../src/cli/certificates/certificate-text.ts'
import { createPaint } from '../../src/report/index.ts'
import { specOf } from '../playbooks/given.ts'
import { temporaryFolder } from './run-cli.ts'

const spec = specOf({
  hosts: [
    { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
    { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
  ],
})
const pki = '/etc/kubernetes/pki'
const kubelet = '/var/lib/kubelet/pki/kubelet-client-current.pem'
const line = (path: string, base64: string) => `certificate ${path} ${base64}`

// Two CAs of the same name, of which the new one is also signed by the old one, and what they have signed; DER in base64.
let made: Readonly<Record<'old' | 'new' | 'cross' | 'byOld' | 'byNew', string>>
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  folder = await temporaryFolder()
  const script = `new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
signed() { openssl x509 -req -in request -CA "$1.crt" -CAkey "$1.key" -set_serial 7 -days 300 -extfile "$2" -out "$3.crt"; }
printf 'basicConstraints=critical,CA:TRUE\\nsubjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' >ca
printf 'basicConstraints=critical,CA:FALSE\\nextendedKeyUsage=clientAuth\\nauthorityKeyIdentifier=keyid\\n' >leaf
for one in old new; do openssl req -x509 $new -keyout $one.key -subj /CN=kubernetes -days 3650 -out $one.crt; [ $one = new ] || sleep 1; done
openssl req -new -key new.key -subj /CN=kubernetes -out request
signed old ca cross
openssl req -new $new -keyout key -subj /CN=x -out request
signed old leaf byOld
signed new leaf byNew
for one in old new cross byOld byNew; do echo "$one $(openssl x509 -in $one.crt -outform der | base64 | tr -d '\\n')"; done`
  const printed = execFileSync('sh', ['-ec', script], {
    cwd: folder.path,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  made = Object.fromEntries(
    printed
      .trim()
      .split('\n')
      .map(one => one.split(' ')),
  ) as typeof made
}, 60_000)
afterAll(() => folder[Symbol.asyncDispose]())

function reportOf(given: Readonly<Record<string, readonly string[]>>) {
  const answers = Object.entries(given).map(
    ([name, lines]) => [name, readAnswer({ stdout: lines.join('\n') })] as const,
  )
  return certificateReport(spec, new Map(answers), Date.now())
}
const noted = (given: Parameters<typeof reportOf>[0]) =>
  reportOf(given).notes.map(({ where, problem }) => `${where}: ${problem}`)
const both = () => [line(`${pki}/ca.crt`, made.old), line(`${pki}/ca.crt`, made.new)]

describe('two CAs of the same name', () => {
  test('are told apart by their keys, in what they have signed too', () => {
    const { certificates } = reportOf({
      cp1: [...both(), line(`${pki}/apiserver.crt`, made.byNew), line('/etc/kubernetes/admin.conf', made.byOld)],
      w1: [line(`${pki}/ca.crt`, made.old), line(kubelet, made.byNew)],
    })
    const [old, next, server, admin, ofWorker, client] = certificates
    expect(new Set([old!.subject, next!.subject]).size).toBe(2)
    expect([old!.subject, next!.subject]).toEqual(
      Array(2).fill(expect.stringMatching(/^kubernetes (of \d{4}-|sha256:)/)),
    )
    expect([old, next].map(one => one!.issuer)).toEqual(['itself', 'itself'])
    expect([server!.issuer, admin!.issuer]).toEqual([next!.subject, old!.subject])
    expect([server!.signer, admin!.signer]).toEqual([next!.signer, old!.signer])
    expect(old!.signer).toMatch(/^sha256:[0-9a-f]{64}$/)
    // The worker has only the old one; the control plane node knows who has signed.
    expect([ofWorker!.subject, client!.issuer]).toEqual([old!.subject, next!.subject])
  })

  test('are told from a new one that the old one has signed', () => {
    const { certificates } = reportOf({ cp1: [...both(), line(`${pki}/cross.crt`, made.cross)] })
    expect(certificates.map(({ issuer }) => issuer)).toEqual(['itself', 'itself', certificates[0]!.subject])
  })

  test('bear their plain name where there is one of them', () => {
    const { certificates } = reportOf({
      cp1: [line(`${pki}/ca.crt`, made.old), line(`${pki}/apiserver.crt`, made.byOld)],
    })
    expect(certificates.map(({ subject, issuer }) => [subject, issuer])).toEqual([
      ['kubernetes', 'itself'],
      ['x', 'kubernetes'],
    ])
  })

  test('come with what the older one has signed, and with the hosts that lack one of them', () => {
    const given = {
      cp1: [
        ...both(),
        line(`${pki}/apiserver.crt`, made.byNew),
        ...['admin', 'scheduler', 'controller-manager', 'kubelet'].map(name =>
          line(`/etc/kubernetes/${name}.conf`, made.byOld),
        ),
      ],
      w1: [line(`${pki}/ca.crt`, made.old), line(kubelet, made.byOld)],
    }
    expect(noted(given)).toEqual([
      expect.stringMatching(
        /^cp1: \/etc\/kubernetes\/pki\/ca\.crt has 2 CAs, of .* a replacement of the CA is under way/,
      ),
      'cp1: signed by the older CA of /etc/kubernetes/pki/ca.crt: /etc/kubernetes/admin.conf, /etc/kubernetes/scheduler.conf, /etc/kubernetes/controller-manager.conf and 1 more',
      'w1: /etc/kubernetes/pki/ca.crt has only the older CA: what another one has signed is not trusted there',
      `w1: signed by the older CA of /etc/kubernetes/pki/ca.crt: ${kubelet}`,
    ])
    const said = certificateText(reportOf(given), { name: 'edge', paint: createPaint(false) })
    expect(said).toContain('! cp1: signed by the older CA')
  })

  test('come with the word that nothing depends on the older one, as far as hosts know', () => {
    const done = {
      cp1: [...both(), line(`${pki}/apiserver.crt`, made.byNew)],
      w1: [line(`${pki}/ca.crt`, made.new), line(kubelet, made.byNew)],
    }
    expect(noted(done).slice(1)).toEqual([
      'w1: /etc/kubernetes/pki/ca.crt has only the newer CA: what another one has signed is not trusted there',
      expect.stringMatching(
        /^\/etc\/kubernetes\/pki\/ca\.crt: the older CA has signed none .* Kubeconfigs that people have fetched/,
      ),
    ])
  })
})
