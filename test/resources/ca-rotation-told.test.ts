import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { Output } from '../../src/core/index.ts'
import {
  aggregatedApis,
  type CertificatesOnHost,
  certificatesOnHost,
  clusterInfo,
  formerCaUnused,
  publishedCa,
  toldCa,
} from '../../src/resources/ca-rotation/index.ts'
import type { RotationCertificates } from '../../src/resources/kubeadm/index.ts'
import { absent, answered, unreachable } from './api-given.ts'
import { throwAwayCa } from './certificate.ts'
import { runStep } from './run-step.ts'
import { stateOf } from './state-of.ts'

const known = <T>(value: T) => new Output<T>([], () => value)
const [former, next] = [throwAwayCa().pem, throwAwayCa().pem]
const both = { trusted: [former, next] }
const one = { trusted: [next] }
const base64 = (pem: string) => Buffer.from(pem).toString('base64')
const quiet = { watched: [] } as const

describe('the CAs in cluster-info', () => {
  const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info'
  const resource = toldCa(clusterInfo, known(both.trusted), 'both')
  const withCa = (pem: string) =>
    resource.probe.parse(
      answered({
        [path]: {
          data: {
            kubeconfig: `clusters:\n- cluster:\n    certificate-authority-data: ${base64(pem)}\n    server: https://a:1\n`,
          },
        },
      }),
    )

  test('are those of the cluster, in any order', () => {
    expect(resource.diff(withCa(former), both, quiet)?.fields).toEqual([
      { field: 'kubeconfig', before: 'other CAs', after: 'both' },
    ])
    for (const pem of [former + next, `${next}\n${former}`])
      expect(resource.diff(withCa(pem), both, quiet)).toBeUndefined()
    expect(resource.diff(withCa(former + next), one, quiet)).toBeDefined()
  })

  test('are written where they stand, and nothing else of it', () => {
    const [step] = resource.converge(withCa(former), both)
    const { log } = runStep(step, { kubectl: 'printf "%s\\n" "$*" >>log' })
    expect(log[0]).toContain('--namespace kube-public patch configmap cluster-info --type merge')
    expect(log[0]).toContain(`certificate-authority-data: ${base64(former + next)}\\n    server: https://a:1`)
  })

  test('are not compared while no API server answers, nor where nobody has them', () => {
    const parse = resource.probe.parse
    expect(resource.diff(parse(absent), both, quiet)).toBeUndefined()
    expect(resource.diff(parse(answered({ [path]: undefined })), both, quiet)).toBeUndefined()
    expect(resource.diff(parse(unreachable), both, quiet)?.note).toContain('does not answer')
  })
})

test('aggregated APIs are told one CA less, since API servers only add theirs', () => {
  const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
  const resource = toldCa(aggregatedApis, known(one.trusted), 'one')
  const current = resource.probe.parse(
    answered({ [path]: { data: { 'client-ca-file': former + next, 'requestheader-client-ca-file': former } } }),
  )
  expect(resource.diff(current, one, quiet)?.action).toBe('update')
  const { log } = runStep(resource.converge(current, one)[0], { kubectl: 'printf "%s\\n" "$*" >>log' })
  expect(log[0]).toContain(JSON.stringify({ data: { 'client-ca-file': next } }))
})

describe('the CAs of pods', () => {
  const resource = publishedCa(known(both.trusted), 'both')
  const counted = (...texts: readonly (readonly [number, string, string])[]) =>
    stateOf(
      resource,
      'api=answered',
      ...texts.map(([number, names, text]) => `${number} ${names} "${text.trimEnd().replaceAll('\n', '\\n')}"`),
    )

  test('are those of the cluster when all namespaces have them', () => {
    expect(resource.diff(counted([41, 'a,b,c', former + next]), both, quiet)).toBeUndefined()
    for (const [number, names, before] of [
      [1, 'shop', '1 namespace has others: shop'],
      [5, 'a,b,c', '5 namespaces have others: a, b, c, …'],
    ] as const)
      expect(
        resource.diff(counted([41, 'd,e,f', former + next], [number, names, former]), both, quiet)?.fields,
      ).toEqual([{ field: 'ca.crt', before, after: 'both' }])
    // Somebody has emptied it.
    expect(resource.diff(counted([41, 'd,e,f', former + next], [1, 'shop', '']), both, quiet)).toBeDefined()
  })

  // Go's %q writes a text in quotes, with a backslash and an n for each end of a line.
  const kubectl = (...texts: readonly string[]) =>
    texts.map((text, index) => `printf '%s\\n' 'n${index} "${text.replaceAll('\n', '\\n')}"'`).join('\n')

  test('are waited for until no namespace has others', () => {
    const [step] = resource.converge(counted([1, 'n1', former]), both)
    const first = `if [ ! -e asked ]; then : >asked\n${kubectl(former + next, former)}\nelse\n${kubectl(former + next, next + former)}\nfi`
    const ran = runStep(step, { kubectl: first })
    expect([ran.status, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout.trim().split('\n')).toHaveLength(1)
  })

  test('are waited for no longer in a namespace that has had them, whatever somebody writes there then', () => {
    const [step] = resource.converge(counted([1, 'n1', former]), both)
    const turns = `if [ ! -e asked ]; then : >asked\n${kubectl(former, former + next)}\nelse\n${kubectl(former + next, 'mine')}\nfi`
    expect(runStep(step, { kubectl: turns })).toMatchObject({ status: 0, stderr: '' })
  })

  test('are read with the names of some namespaces', () => {
    const many = Array.from({ length: 5 }, () => former)
    const run = resource.probe.script.replaceAll('[ ! -s /etc/kubernetes/admin.conf ]', 'false')
    const { status, stdout, stderr } = runStep({ run, timeoutMs: 0 }, { kubectl: kubectl(former + next, ...many, '') })
    const current = resource.probe.parse({ exitCode: status!, stdout, stderr })
    expect(resource.diff(current, both, quiet)?.fields[0]?.before).toBe('6 namespaces have others: n6, n1, n2, …')
  })
})

type Guard = ReturnType<typeof formerCaUnused>

describe('the former CA', () => {
  const [old, made] = pairs()
  const certificates: RotationCertificates = { former: old!.ca, next: made!.ca, cross: made!.ca, signing: made!.ca }
  const host = certificatesOnHost([])
  const on = (...found: readonly (readonly [path: string, pem: string])[]): CertificatesOnHost =>
    host.output!(
      stateOf(host, ...found.map(([path, pem]) => `certificate ${path} ${pem.replaceAll(/-----[^-]*-----|\n/g, '')}`)),
    )!
  const clientPath = '/var/lib/kubelet/pki/kubelet-client-current.pem'
  const trusts = ['/etc/kubernetes/pki/ca.crt', made!.ca] as const
  const works = [trusts, [clientPath, made!.leaf]] as const
  const nodes = new Map(['cp1', 'w1'].map(name => [name, known(on())]))
  const [guard, later] = [false, true].map(begun => formerCaUnused(known(certificates), nodes, begun)) as [Guard, Guard]
  const diff = (...found: readonly CertificatesOnHost[]) => guard.diff(stateOf(guard), { certificates, found }, quiet)

  test('is not in use where all that it has signed is gone, and every node trusts the next one', () => {
    expect(diff(on(...works, ['/etc/kubernetes/pki/apiserver.crt', made!.leaf]), on(...works))).toBeUndefined()
  })

  test('is in use as long as it has signed a certificate on any node, which is named', () => {
    const refused = diff(
      on(trusts),
      on(trusts, ['/var/lib/kubelet/pki/kubelet-client-current.pem', old!.leaf]),
    )?.refused
    expect(refused?.actual).toBe('/var/lib/kubelet/pki/kubelet-client-current.pem on w1')
    expect(refused?.next).toContain('evcctl certs rotate-ca')
    const serving = diff(
      on(trusts),
      on(trusts, ['/var/lib/kubelet/pki/kubelet-server-current.pem', old!.leaf]),
    )?.refused
    expect(serving?.next).toContain('kubectl get csr')
  })

  test('is needed by a node that does not trust the next one', () => {
    expect(
      diff(on(...works), on([clientPath, made!.leaf], ['/etc/kubernetes/pki/ca.crt', old!.ca]))?.refused?.where,
    ).toBe('w1')
  })

  test('is needed by a kubelet that is not seen to have a certificate by the next one', () => {
    const refused = diff(on(...works), on(trusts))?.refused
    expect([refused?.where, refused?.problem]).toEqual(['w1', expect.stringContaining('no client certificate')])
  })

  test('is needed by a kubelet that was not started again with its new certificate', () => {
    const both = [...works, ['/etc/kubernetes/pki/ca.crt', old!.ca]] as const
    const marked = { ...on(...both), formerKubelet: true }
    const refused = diff(on(...works), marked)?.refused
    expect([refused?.where, refused?.next]).toEqual(['w1', 'evcctl certs rotate-ca'])
    expect(stateOf(host, 'kubelet=former').formerKubelet).toBe(true)
    // The second step was cut off there.
    expect(diff(on(...works), { ...on(...works), formerKubelet: true })).toBeUndefined()
    expect(later.diff(stateOf(later), { certificates, found: [on(...works), marked] }, quiet)).toBeUndefined()
  })

  test('may come back with a renewal that was cut off: that is finished before', () => {
    const pending = { ...on(...works), pendingRenewal: true }
    for (const one of [guard, later]) {
      const refused = one.diff(stateOf(one), { certificates, found: [on(...works), pending] }, quiet)?.refused
      expect([refused?.where, refused?.next]).toEqual(['w1', 'Finish it: evcctl apply'])
    }
  })
})

/** Two CAs of one name, each with a certificate that it has signed. */
function pairs(): readonly { readonly ca: string; readonly leaf: string }[] {
  const script = `folder=$(mktemp -d); cd "$folder" || exit 1
new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
for one in a b; do
  openssl req -x509 $new -keyout ca.key -subj /CN=kubernetes -days 9 -out ca.crt
  openssl req -new $new -keyout key -subj /CN=x -out request
  cat ca.crt
  echo ---- next
  openssl x509 -req -in request -CA ca.crt -CAkey ca.key -set_serial 1 -days 9
  echo ---- next
done
cd /; rm -rf "$folder"`
  const [ca = '', leaf = '', otherCa = '', otherLeaf = ''] = execFileSync('sh', ['-ec', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).split('---- next\n')
  return [
    { ca, leaf },
    { ca: otherCa, leaf: otherLeaf },
  ]
}
