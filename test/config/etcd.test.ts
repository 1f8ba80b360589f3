import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { certificateFindings } from '../../src/config/etcd-certificates.ts'
import { UserErrors } from '../../src/core/index.ts'
import { cluster, controlPlane, errorsOf, parse, worker } from './cluster-file.ts'

const etcdHost = (number: number) => `{ name: e${number}, address: 192.0.2.3${number}, roles: [etcd] }`
const members = (count: number) => Array.from({ length: count }, (_, index) => etcdHost(index + 1))
const external = 'etcd: { topology: external }'
const endpoints = 'endpoints: ["https://192.0.2.31:2379"]'
const certificates = 'certificates: { ca: ca.crt, cert: client.crt, key: client.key }'
const existing = `etcd: { topology: external, ${endpoints}, ${certificates} }`

// Two CAs and a client certificate of each, as openssl makes them; `/work` is where cluster.yaml lies.
const pki = (() => {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-etcd-'))
  const sh = (script: string) => execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'ignore' })
  for (const name of ['one', 'two']) {
    const ec = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    sh(`openssl req -x509 ${ec} -keyout ${name}-ca.key -out ${name}-ca.crt -subj /CN=${name} -days 10
openssl req ${ec} -keyout ${name}.key -out ${name}.csr -subj /CN=client
openssl x509 -req -in ${name}.csr -CA ${name}-ca.crt -CAkey ${name}-ca.key -CAcreateserial -out ${name}.crt -days 5
for usage in serverAuth clientAuth; do
  echo extendedKeyUsage=$usage >usage
  openssl x509 -req -in ${name}.csr -CA ${name}-ca.crt -CAkey ${name}-ca.key -CAcreateserial -out ${name}-$usage.crt -days 5 -extfile usage
done`)
  }
  return (file: string) => readFileSync(join(folder, file), 'utf8')
})()
const files = {
  '/site/ca.crt': pki('one-ca.crt'),
  '/site/client.crt': pki('one.crt'),
  '/site/client.key': pki('one.key'),
}

const say = (spec: string, hosts: readonly string[], machine = {}) =>
  errorsOf(cluster(spec, [controlPlane, worker, ...hosts]), machine).map(
    ({ where, problem }) => `${where?.split('  ')[1]}: ${problem}`,
  )

describe('external etcd in cluster.yaml', () => {
  it('is made of the hosts with the role etcd, in the version that kubeadm itself would take', () => {
    const { etcd } = parse(cluster(external, [controlPlane, worker, ...members(3)]))
    expect(etcd).toEqual({
      topology: 'external',
      managed: true,
      version: '3.6.8',
      allowEvenMembers: false,
      backup: { enabled: true, schedule: 'daily', keep: 7, beforeChanges: true },
    })
    expect(
      parse(cluster(external, ['{ name: all, address: 192.0.2.9, roles: [control-plane, worker, etcd] }'])).etcd,
    ).toEqual(etcd)
    const older = parse(cluster(`kubernetes: { version: 1.35.8 }\n  ${external}`, [controlPlane, ...members(1)])).etcd
    expect(older).toMatchObject({ version: '3.6.14' })
  })

  it('may be one that exists already', () => {
    const { etcd } = parse(cluster(existing), { files })
    expect(etcd).toMatchObject({
      managed: false,
      endpoints: ['https://192.0.2.31:2379'],
      ca: files['/site/ca.crt'],
      certificate: files['/site/client.crt'],
    })
    expect(JSON.stringify(etcd)).not.toContain('PRIVATE KEY')
  })

  it('has an odd number of members, with the arithmetic, unless forced', () => {
    expect(say(external, members(2))).toEqual([
      'spec.hosts[3].roles: 2 etcd hosts are no safer than 1: 2 members need 2 and survive the loss of 0, one alone survives no loss.',
    ])
    expect(say(external, members(4))[0]).toContain(
      '4 members need 3 and survive the loss of 1, 3 members need 2 and survive the loss of 1',
    )
    expect(say('etcd: { topology: external, allowEvenMembers: true }', members(2))).toEqual([])
  })

  it.each([
    ['no etcd host', external, [], 'spec.etcd.topology: There is no host for the external etcd.'],
    [
      'a host listed twice',
      external,
      [...members(3), etcdHost(3), '{ name: e5, address: 192.0.2.35, roles: [etcd] }'],
      'taken by spec.hosts[4]',
    ],
    [
      'an address listed twice',
      external,
      [...members(2), '{ name: e3, address: 192.0.2.31, roles: [etcd] }'],
      'spec.hosts[4].address',
    ],
    ['endpoints beside hosts', existing, members(3), 'spec.hosts[2].roles: e1 has the role etcd, but spec.etcd names'],
    ['a host, but stacked', '', members(1), 'spec.hosts[2].roles: e1 has the role etcd, but etcd is stacked'],
    ['endpoints, but stacked', `etcd: { ${endpoints} }`, [], 'spec.etcd.endpoints: endpoints has no effect'],
    [
      'endpoints without certificates',
      `etcd: { topology: external, ${endpoints} }`,
      [],
      'endpoints alone are not enough',
    ],
    [
      'certificates without endpoints',
      `etcd: { topology: external, ${certificates} }`,
      [],
      'certificates alone are not',
    ],
    ['an endpoint without TLS', existing.replace('https', 'http'), [], 'spec.etcd.endpoints[0]'],
    [
      'an endpoint twice',
      existing.replace(']', ', "https://192.0.2.31:2379"]'),
      [],
      'endpoints[1]: https://192.0.2.31:2379 is listed twice',
    ],
    [
      'a version of an existing one',
      existing.replace('endpoints', 'version: 3.6.8, endpoints'),
      [],
      'version has no effect',
    ],
    [
      'etcd beside workloads',
      external,
      ['{ name: x, address: 192.0.2.39, roles: [worker, etcd] }'],
      'x cannot be a worker and an etcd host',
    ],
    [
      'a version that is too old',
      'etcd: { topology: external, version: 3.2.1 }',
      members(1),
      'spec.etcd.version: etcd 3.2.1 is too old for Kubernetes',
    ],
  ])('refuses %s', (_what, spec, hosts, words) => {
    expect(say(spec, hosts, { files }).join('\n')).toContain(words)
  })

  it.each([
    [
      'a file that is not there',
      { '/site/ca.crt': pki('one-ca.crt') },
      'spec.etcd.certificates.cert: There is no such file',
    ],
    [
      'a file that is no certificate',
      { ...files, '/site/ca.crt': 'x' },
      'certificates.ca: /site/ca.crt is not a certificate',
    ],
    [
      "another cluster's CA",
      { ...files, '/site/ca.crt': pki('two-ca.crt') },
      'certificates.cert: The client certificate was not signed by this CA',
    ],
    [
      'a key of another certificate',
      { ...files, '/site/client.key': pki('two.key') },
      'certificates.key: This is not the private key',
    ],
    ['a key that is none', { ...files, '/site/client.key': 'x' }, 'certificates.key: This is not a private key'],
    [
      'a CA that is none',
      { ...files, '/site/ca.crt': pki('one.crt') },
      'certificates.ca: This certificate is not one of a CA',
    ],
  ])('refuses %s', (_what, given, words) => {
    expect(say(existing, [], { files: given }).join('\n')).toContain(words)
  })

  it.each([
    [
      'an etcd host that is listed twice',
      external,
      [...members(3), etcdHost(2)],
      /^\/site\/cluster\.yaml:12:15 {2}spec\.hosts\[5\]\.name$/m,
      ['The name "e2" is taken by spec.hosts[3].', 'expected  a name of its own', 'list it once, with all its roles'],
    ],
    [
      'one machine under two names',
      external,
      [...members(3), '{ name: e4, address: 192.0.2.31, roles: [etcd] }'],
      /^\/site\/cluster\.yaml:12:28 {2}spec\.hosts\[5\]\.address$/m,
      ['192.0.2.31 is also the address of e1.', 'expected  an address of its own', 'list it once, with all its roles'],
    ],
    [
      'one machine as worker and as etcd host',
      external,
      ['{ name: e1, address: 192.0.2.21, roles: [etcd] }'],
      /^\/site\/cluster\.yaml:9:28 {2}spec\.hosts\[2\]\.address$/m,
      ['192.0.2.21 is also the address of w1.', 'expected  an address of its own', 'list it once, with all its roles'],
    ],
    [
      'both roles on one host',
      external,
      ['{ name: e1, address: 192.0.2.31, roles: [worker, etcd] }'],
      /^\/site\/cluster\.yaml:9:47 {2}spec\.hosts\[2\]\.roles$/m,
      ['e1 cannot be a worker and an etcd host.', 'expected  etcd alone', 'actual    worker, etcd', 'Remove one of'],
    ],
    [
      'an even number of members',
      external,
      members(4),
      /^\/site\/cluster\.yaml:12:47 {2}spec\.hosts\[5\]\.roles$/m,
      [
        '4 etcd hosts are no safer than 3',
        'expected  an odd number',
        'actual    4: e1, e2, e3, e4',
        'Add or remove one',
      ],
    ],
    [
      "another cluster's CA",
      existing,
      [],
      /^\/site\/cluster\.yaml:5:\d+ {2}spec\.etcd\.certificates\.cert$/m,
      ['not signed by this CA', 'expected  signed by CN=two', 'actual    signed by CN=one', 'from the same etcd'],
    ],
  ])('shows place, expectation, finding and cure of %s', (_what, spec, hosts, place, words) => {
    const given = { ...files, ...(spec === existing ? { '/site/ca.crt': pki('two-ca.crt') } : {}) }
    const text = cluster(spec, [controlPlane, worker, ...hosts])
    let message = ''
    try {
      parse(text, { files: given })
    } catch (error) {
      if (error instanceof UserErrors) message = error.message
    }
    expect(message).toMatch(place)
    for (const one of words) expect(message).toContain(one)
  })

  it('refuses a certificate that has expired, with its dates', () => {
    const texts = { ca: pki('one-ca.crt'), cert: pki('one.crt'), key: pki('one.key') }
    const later = new Date(Date.now() + 7 * 24 * 3600_000)
    expect(certificateFindings(texts, new Date())).toEqual([])
    expect(certificateFindings(texts, later)).toMatchObject([
      {
        path: ['spec', 'etcd', 'certificates', 'cert'],
        problem: 'The client certificate has expired.',
        expected: `valid now, ${later.toISOString()}`,
        actual: expect.stringMatching(/^\d{4}-.* to \d{4}-/),
        next: 'Have a new one signed, and name its file here.',
      },
    ])
  })

  it('refuses a certificate for servers', () => {
    const findings = (usage: string) =>
      certificateFindings({ ca: pki('one-ca.crt'), cert: pki(`one-${usage}.crt`), key: pki('one.key') }, new Date())
    expect(findings('clientAuth')).toEqual([])
    expect(findings('serverAuth')).toMatchObject([
      { path: ['spec', 'etcd', 'certificates', 'cert'], problem: expect.stringContaining('not one for clients') },
    ])
  })

  it('keeps the key out of every message', () => {
    const given = { ...files, '/site/client.crt': pki('two.crt') }
    expect(() => parse(cluster(existing), { files: given })).toThrow(UserErrors)
    const key = files['/site/client.key'].split('\n')[1]
    expect(JSON.stringify(errorsOf(cluster(existing), { files: given }))).not.toContain(key)
  })
})
