import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { type AdminUser, readAdminConf } from '../../src/cli/kubeconfig/admin-conf.ts'
import { UserError } from '../../src/core/index.ts'
import { makeCluster } from '../kit/certificates.ts'
import { anyText, fuzzing } from '../kit/fuzz.ts'

const { ca, server: client } = makeCluster()
const other = makeCluster()
const base64 = (text: string) => Buffer.from(text).toString('base64')

const cluster = { 'certificate-authority-data': base64(ca.certificate), server: 'https://127.0.0.1:7443' }
const user = { 'client-certificate-data': base64(client.certificate), 'client-key-data': base64(client.key) }

/** As kubeadm writes it, with other keys in the two entries that are taken over. */
function adminConf(given: { cluster?: object; user?: object; top?: object } = {}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubernetes', cluster: given.cluster ?? cluster }],
    contexts: [{ name: 'kubernetes-admin@kubernetes', context: { cluster: 'kubernetes', user: 'kubernetes-admin' } }],
    'current-context': 'kubernetes-admin@kubernetes',
    preferences: {},
    users: [{ name: 'kubernetes-admin', user: given.user ?? user }],
    ...given.top,
  })
}

const read = (text: string) => readAdminConf(text, { where: 'cp1:/etc/kubernetes/admin.conf', writer: 'kubeadm' })

describe('of the admin.conf of a host', () => {
  test('certificates and key are taken over as kubeadm wrote them', () => {
    expect(read(adminConf())).toEqual({ certificateAuthorityData: base64(ca.certificate), user })
  })

  test('a token is taken over', () => {
    const token = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2ln-_A='
    expect(read(adminConf({ user: { token } })).user).toEqual({ token } satisfies AdminUser)
  })

  test('the entries of the current context are taken, wherever they stand', () => {
    const config = parse(adminConf())
    config.users.unshift({ name: 'me', user: { exec: { command: 'login' } } })
    config.clusters.unshift({ name: 'work', cluster: { server: 'https://work.example' } })
    expect(read(stringify(config)).user).toEqual(user)
  })

  test('of several authorities all are taken, and what stands between them is not', () => {
    const bundle = `# ours\n${ca.certificate}\nnot a block\n${other.ca.certificate.replaceAll('\n', '\r\n')}`
    const given = { ...cluster, 'certificate-authority-data': base64(bundle) }
    const { certificateAuthorityData } = read(adminConf({ cluster: given }))
    expect(certificateAuthorityData).toBe(base64(ca.certificate + other.ca.certificate))
  })

  test.each([
    ['exec', { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: ['-c', 'id'] }],
    ['auth-provider', { name: 'gcp', config: { 'cmd-path': '/bin/sh' } }],
    ['tokenFile', '/home/me/.ssh/id_ed25519'],
    ['client-certificate', '/home/me/cert.pem'],
    ['client-key', '/home/me/.ssh/id_ed25519'],
    ['username', 'admin'],
    ['password', 'admin'],
    ['as', 'system:admin'],
    ['as-uid', '0'],
    ['as-groups', ['system:masters']],
    ['as-user-extra', {}],
    ['extensions', []],
    ['token', 'both'],
    ['\x1b[2Jnew', true],
  ])('a user with the key %j is refused by its name', (key, value) => {
    const name = key === 'token' ? 'client-certificate-data' : key.replace('\x1b[2J', '')
    expect(() => read(adminConf({ user: { ...user, [key]: value } }))).toThrow(
      `cp1:/etc/kubernetes/admin.conf: users[].user has the key ${name}, which kubeadm does not write.`,
    )
    expect(() => read(adminConf({ user: { token: 'abc', [key === 'token' ? 'exec' : key]: value } }))).toThrow(
      'users[].user has the key',
    )
  })

  test('a key that is no text is refused', () => {
    const text = adminConf().replace(/( +)client-key-data:/, '$1? [1]\n$1: 1\n$&')
    expect(() => read(text)).toThrow('users[].user has the key ?')
  })

  test('an alias inside of what it names is refused', () => {
    const text = adminConf().replace(/( +)client-key-data:/, '$1? &a [*a]\n$1: 1\n$&')
    expect(() => read(text)).toThrow('its aliases stand for too much')
  })

  test.each([
    ['insecure-skip-tls-verify', true],
    ['proxy-url', 'http://192.0.2.66:3128'],
    ['tls-server-name', 'elsewhere'],
    ['certificate-authority', '/home/me/ca.pem'],
    ['extensions', []],
  ])('a cluster with the key %j is refused by its name', (key, value) => {
    expect(() => read(adminConf({ cluster: { ...cluster, [key]: value } }))).toThrow(
      `clusters[].cluster has the key ${key}, which kubeadm does not write.`,
    )
  })

  test.each([
    ['text', { 'client-key-data': base64('-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n') }],
    ['the key of another', { 'client-key-data': base64(other.server.key) }],
    ['two keys', { 'client-key-data': base64(client.key + other.server.key) }],
    ['plain PEM', { 'client-key-data': client.key }],
    ['a list', { 'client-key-data': [base64(client.key)] }],
    ['nothing', { 'client-key-data': '' }],
  ])('%s is no key', (_, given) => {
    const error = failure({ user: { ...user, ...given } })
    expect(error).toContain('client-key-data is not acceptable')
    for (const line of client.key.split('\n').slice(1, -2)) expect(error).not.toContain(line)
  })

  test.each([
    ['user', 'client-certificate-data', base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')],
    ['user', 'client-certificate-data', base64(client.key)],
    ['user', 'client-certificate-data', undefined],
    ['cluster', 'certificate-authority-data', base64('none')],
    ['cluster', 'certificate-authority-data', '/etc/passwd'],
    ['cluster', 'certificate-authority-data', undefined],
  ])('a %s needs certificates in %s', (part, key, value) => {
    const whole = part === 'user' ? user : cluster
    expect(failure({ [part]: { ...whole, [key]: value } })).toContain(`${key} is not acceptable`)
  })

  test.each(['', 'a b', 'a\nb', '$(id)', 7, ['a']])('%j is no token', token => {
    expect(failure({ user: { token } })).toContain('token is not acceptable')
  })

  test.each([
    ['nothing', ''],
    ['a list', '- a\n'],
    ['half a file', adminConf().slice(0, 60).concat('"')],
    ['a deep list', '['.repeat(100_000)],
    ['another kind', 'kind: Config\n'],
    ['no current context', adminConf({ top: { 'current-context': undefined } })],
    ['a context without a user', adminConf({ top: { users: [] } })],
    ['an unknown tag', 'clusters: !!js/function "x"\n'],
    ['a bomb', `a: &a [1]\n${'b: [*a, *a]\n'.repeat(3)}`],
    ['an alias to itself', 'users: &a [*a]\nclusters: *a\ncurrent-context: x\n'],
    ['an endless file', `# ${'x'.repeat(300_000)}`],
  ])('%s is refused as a whole', (_, text) => {
    expect(() => read(text)).toThrow(
      /^cp1:\/etc\/kubernetes\/admin.conf: This is not a kubeconfig as kubeadm writes it/,
    )
  })

  test('a list too deep for the parser is told with its place', () => {
    // Some thousand levels ended the whole process: V8 gives up where it compiles a pattern at the end of the stack.
    const deep = `clusters:\n  ${'['.repeat(2000)}`
    const actual = 'Nested too deeply to be read at line 2, column 101'
    expect(() => read(deep)).toThrow(expect.objectContaining({ details: expect.objectContaining({ actual }) }))
  })
})

function failure(given: Parameters<typeof adminConf>[0]): string {
  try {
    read(adminConf(given))
  } catch (error) {
    return String(error)
  }
  return 'no error'
}

test('whatever an admin.conf is, it gives access or an error in words', { timeout: 3_600_000 }, () => {
  const odd = fc.oneof(
    fc.constantFrom(
      '',
      '&a',
      '*a',
      '!!binary',
      '{}',
      '[',
      '- - -',
      '<<',
      'exec:',
      'null',
      '|',
      '>',
      'token: x',
      '__proto__',
    ),
    fc.constantFrom(base64('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'), 'x'.repeat(5000)),
    anyText(30),
  )
  const edits = fc.array(fc.tuple(fc.constantFrom('word', 'insert', 'double', 'cut'), fc.nat(), odd), { maxLength: 6 })
  const sound = adminConf()
  const mutate = (text: string, [kind, at, value]: readonly [string, number, string]): string => {
    const words = text.split(/( +|\n)/)
    const index = at % words.length
    if (kind === 'word') words[index] = value
    else if (kind === 'insert') words.splice(index, 0, value)
    else if (kind === 'double') words.splice(index, 0, ...words.slice(index, index + 10))
    else return text.slice(0, at % (text.length + 1))
    return words.join('')
  }
  fc.assert(
    fc.property(edits, some => {
      try {
        const access = read(some.reduce(mutate, sound))
        expect(Object.keys(access).sort()).toEqual(['certificateAuthorityData', 'user'])
        expect(Object.values(access.user).every(value => /^[\w.~+/=-]+$/.test(value))).toBe(true)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        expect(error.message).not.toMatch(/Cannot (read|convert)|is not a function|undefined/)
      }
    }),
    fuzzing('admin.conf'),
  )
})
