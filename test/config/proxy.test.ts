import { describe, expect, it } from 'vitest'
import { proxyOf } from '../../src/cluster/index.ts'
import { clusterSecrets } from '../../src/config/index.ts'
import { cluster, controlPlane, errorsOf, parse, worker } from './cluster-file.ts'

const proxy = (keys: string, hosts?: readonly string[]) => cluster(`proxy: { ${keys} }`, hosts)

describe('spec.proxy', () => {
  it('is none where the file has none', () => {
    expect(parse(cluster()).proxy).toBeUndefined()
    expect(proxyOf(parse(cluster()), { registries: {} })).toBeUndefined()
  })

  it('is kept as it was written, but for a slash at its end', () => {
    expect(parse(proxy('http: "http://proxy.example:80/", https: "https://[2001:db8::1]:3128"')).proxy).toEqual({
      http: 'http://proxy.example:80',
      https: 'https://[2001:db8::1]:3128',
      noProxy: [],
    })
  })

  it('is not asked for anything of the cluster itself', () => {
    const spec = parse(
      cluster(
        'controlPlane: { endpoint: "API.example:6443" }\n  proxy: { https: "http://192.0.2.9:3128", noProxy: [.Corp.example, 10.0.0.0/8, "fd00::/8", "2001:db8::1"] }',
        [controlPlane, worker, '{ name: edge-7, address: jetson.example, privateAddress: 10.8.0.7, roles: [worker] }'],
      ),
    )
    const { noProxy, hosts } = proxyOf(spec, { registries: {} })!
    expect(noProxy).toEqual([
      'localhost',
      '127.0.0.1',
      '127.0.0.0/8',
      '.svc',
      '.cluster.local',
      '10.96.0.0/12',
      '10.244.0.0/16',
      'api.example',
      '.corp.example',
      '10.0.0.0/8',
      'fd00::/8',
      '2001:db8::1',
    ])
    expect(hosts).toEqual(['cp1', '192.0.2.11', 'w1', '192.0.2.21', 'edge-7', 'jetson.example', '10.8.0.7'])
  })

  it('takes its password from elsewhere', async () => {
    const spec = parse(proxy('https: "http://192.0.2.9:3128", username: ada, password: { fromEnv: PROXY }'))
    const { proxy: login } = await clusterSecrets(spec, { env: { PROXY: 'open-sesame' } })
    expect([login?.username, login?.password.reveal()]).toEqual(['ada', 'open-sesame'])
  })

  it.each([
    [
      'a password in the URL',
      'http: "http://ada:geronimo@p.example:1"',
      'A password does not belong in the URL of a proxy.',
    ],
    [
      'a password with a slash in the URL',
      'http: "http://ada:ger/onimo@p.example:1"',
      '"http://*************@p.example:1" is not accepted here.',
    ],
    [
      'a password in the file',
      'http: "http://p:1", username: a, password: geronimo',
      'A password does not belong in this file.',
    ],
    ['no proxy', 'noProxy: [a.example]', 'There is no proxy that noProxy could be for.'],
    ['a user without a password', 'http: "http://p:1", username: ada', 'A username needs a password.'],
    ['a password without a user', 'http: "http://p:1", password: { fromEnv: A }', 'A password needs a username.'],
    ['a path', 'http: "http://p.example:1/x"', '"http://p.example:1/x" is not accepted here.'],
    ['another scheme', 'http: "socks5://p.example:1"', '"socks5://p.example:1" is not accepted here.'],
    ['a range that is none', 'http: "http://p:1", noProxy: [10.0.0.0/33]', '"10.0.0.0/33" is not an IP range.'],
    [
      'a range with host bits',
      'http: "http://p:1", noProxy: [10.0.0.1/8]',
      '"10.0.0.1/8" does not begin where its range begins.',
    ],
    ['no port', 'http: "http://p.example"', '"http://p.example" is not accepted here.'],
    ['a question', 'http: "http://p.example:1?x"', '"http://p.example:1?*" is not accepted here.'],
    [
      'no scheme, but a password',
      'http: "ada:geronimo@p.example:1"',
      '"************@p.example:1" is not accepted here.',
    ],
    ['no scheme', 'http: "p.example:3128"', '"p.example:3128" is not accepted here.'],
    ['a quote in the URL', `http: 'http://p"a:1'`, '"http://p\\"a:1" is not accepted here.'],
    ['a line break in the URL', 'http: "http://p:1\\nx"', '"http://p:1\\nx" is not accepted here.'],
    ['a space in an entry', 'http: "http://p:1", noProxy: ["a b"]', '"a b" is not accepted here.'],
    ['a quote in an entry', `http: "http://p:1", noProxy: ['a"']`, '"a\\"" is not accepted here.'],
    ['a line break in an entry', 'http: "http://p:1", noProxy: ["a\\n"]', '"a\\n" is not accepted here.'],
    ['a star in an entry', 'http: "http://p:1", noProxy: ["*.a"]', '"*.a" is not accepted here.'],
    ['an IPv6 range that is none', 'http: "http://p:1", noProxy: ["fd00::/129"]', '"fd00::/129" is not an IP range.'],
    ['half a character in a user name', 'http: "http://p:1", username: "\\uD800"', 'This is not accepted here.'],
    ['a list in a text', 'http: "http://p:1", noProxy: ["a,b"]', '"a,b" is not accepted here.'],
    ['another name for a key', 'httpProxy: "http://p"', 'There is no key "httpProxy" here. Did you mean "http"?'],
  ])('refuses %s', (_, keys, problem) => {
    const errors = errorsOf(proxy(keys))
    expect(errors[0]?.problem).toBe(problem)
    expect(errors[0]?.where).toContain('spec.proxy')
    expect(JSON.stringify(errors)).not.toMatch(/ger.?onimo/)
  })
})
