import { describe, expect, test } from 'vitest'
import { kubeadm } from '../../distributions/kubeadm/index.ts'
import type { EndpointFacts } from '../../src/index.ts'
import { checkHosts } from '../../src/preflight/index.ts'
import { makeCluster } from '../kit/certificates.ts'
import { factsOf, specOf } from '../playbooks/given.ts'

const own = makeCluster()
const other = makeCluster()
const expired = makeCluster({ days: -1 })
const endpoint = 'api.example:6443'
const hosts = [
  { name: 'cp1', address: '192.0.2.11', roles: ['control-plane'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
]
const clusterCa = own.ca.certificate
const accepted: EndpointFacts = { addresses: ['192.0.2.5'], connection: 'accepted', said: '', asked: true }
const refused: EndpointFacts = { ...accepted, connection: 'refused', said: 'Connection refused', asked: false }
const shows = ({ certificate }: { readonly certificate: string }): EndpointFacts => ({ ...accepted, certificate })

interface Found {
  readonly cp1?: EndpointFacts
  readonly w1?: EndpointFacts
  readonly listening?: boolean
}

function check({ cp1 = refused, w1 = refused, listening = false }: Found, spec: Record<string, unknown> = {}) {
  const apiServer = { port: 6443, address: '::', process: 'kube-apiserver' }
  const facts = new Map([
    ['cp1', factsOf('cp1', '192.0.2.11', { listening: listening ? [apiServer] : [], endpoint: cp1 })],
    ['w1', factsOf('w1', '192.0.2.21', { endpoint: w1 })],
  ])
  return checkHosts({ spec: specOf({ hosts, controlPlane: { endpoint }, ...spec }), distribution: kubeadm, facts }).map(
    ({ error }) => error.details,
  )
}

describe('before there is a cluster', () => {
  test.each([
    ['a refused connection', refused],
    ['one that is taken and left without an answer', accepted],
    ['one that is taken, on a host without openssl', { ...accepted, asked: false }],
    ['a host without bash', { ...refused, connection: 'not tried', said: '' }],
  ] as const)('%s is what a load balancer without a backend does', (_, found) => {
    expect(check({ cp1: found, w1: found })).toEqual([])
  })

  test('a name that cannot be resolved is an error', () => {
    expect(
      check({ w1: { ...refused, addresses: [], connection: 'failed', said: 'Name or service not known' } }),
    ).toEqual([
      {
        where: 'w1 (192.0.2.21)',
        problem: 'The host finds no address for the name of the API endpoint api.example:6443.',
        expected: 'an address',
        actual: 'none (getent ahosts)',
        next: expect.stringContaining('spec.preflight.ignore: [endpoint]'),
      },
    ])
  })

  test.each([
    [{ connection: 'timed out', said: '' }, 'no answer within 5 s (192.0.2.5)'],
    [{ connection: 'failed', said: 'No route to host' }, 'No route to host (192.0.2.5)'],
  ] as const)('%j is an error', (found, actual) => {
    const problems = check({ w1: { ...refused, ...found } })
    expect(problems).toMatchObject([{ problem: 'The host does not reach the API endpoint api.example:6443.', actual }])
  })

  test('any certificate is taken for that of another cluster', () => {
    expect(check({ cp1: shows(other.server), w1: shows(other.server) })).toMatchObject([
      { where: 'cp1 (192.0.2.11)', problem: expect.stringContaining('Something answers at the API endpoint') },
      { where: 'w1 (192.0.2.21)', actual: expect.stringContaining('CN=kube-apiserver, issued by CN=kubernetes') },
    ])
  })
})

describe('when there is one', () => {
  const good = { ...shows(own.server), clusterCa }

  test('the endpoint has to present a certificate of the cluster, also to a host that will join', () => {
    expect(check({ cp1: good, w1: shows(own.server), listening: true })).toEqual([])
  })

  test('a certificate of either CA is right while one replaces the other', () => {
    for (const both of [`${clusterCa}${other.ca.certificate}`, `${other.ca.certificate}\n${clusterCa}`])
      for (const one of [own, other])
        expect(check({ cp1: { ...good, clusterCa: both }, w1: shows(one.server), listening: true })).toEqual([])
  })

  test("another cluster's certificate is an error", () => {
    const found = check({ cp1: good, w1: shows(other.server), listening: true })
    expect(found).toEqual([
      {
        where: 'w1 (192.0.2.21)',
        problem:
          'The API endpoint api.example:6443 does not lead to this cluster: it presents a certificate of another CA.',
        expected: expect.stringMatching(
          /^a certificate signed by \/etc\/kubernetes\/pki\/ca\.crt \(SHA-256 [0-9A-F:]+\)$/,
        ),
        actual: expect.stringMatching(
          /^CN=kube-apiserver, issued by CN=kubernetes, valid until .* \(SHA-256 [0-9A-F:]+\)$/,
        ),
        next: expect.stringMatching(/Point the load balancer at .*\n.*ignore: \[endpoint\]/),
      },
    ])
  })

  test('an expired certificate is an error', () => {
    const found = { ...shows(expired.server), clusterCa: expired.ca.certificate }
    expect(check({ cp1: found, w1: found, listening: true })[0]?.problem).toContain('has expired')
  })

  test.each([
    [refused, 'the connection was refused (192.0.2.5)'],
    [accepted, 'a connection without TLS (192.0.2.5)'],
  ])('no answer is an error when an API server listens: %j', (found, actual) => {
    expect(check({ cp1: good, w1: found, listening: true })).toMatchObject([{ where: 'w1 (192.0.2.21)', actual }])
  })

  test('no answer is no fault of the load balancer while no API server listens', () => {
    expect(check({ cp1: { ...refused, clusterCa }, w1: refused })).toEqual([])
  })

  test('the check can be switched off', () => {
    const preflight = { ignore: ['endpoint'] }
    expect(check({ cp1: good, w1: shows(other.server), listening: true }, { preflight })).toEqual([])
  })
})
