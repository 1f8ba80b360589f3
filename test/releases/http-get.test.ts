import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/index.ts'
import { environmentProxy, getUrl } from '../../src/releases/index.ts'
import { makeCluster } from '../kit/certificates.ts'
import { startForwardProxy } from '../kit/forward-proxy.ts'
import { quickly, startSite } from './site.ts'

const most = 1024

describe('a URL', () => {
  it('gives its content', async () => {
    await using site = await startSite({ '/a': 'content' })
    expect((await getUrl(`${site.url}/a`, most, quickly)).toString()).toBe('content')
  })

  it('is followed to another host, without the login of the first', async () => {
    let login: string | undefined = 'not asked'
    await using store = await startSite({
      '/b': (request, response) => {
        login = request.headers.authorization
        response.end('of the store')
      },
    })
    await using site = await startSite({
      '/a': (request, response) =>
        response
          .writeHead(request.headers.authorization === undefined ? 401 : 302, { location: `${store.url}/b` })
          .end(),
    })
    const url = `${site.url.replace('//', '//ada:s3cret@')}/a`
    expect((await getUrl(url, most, quickly)).toString()).toBe('of the store')
    expect(login).toBeUndefined()
  })

  it('is asked again where the reason may pass', async () => {
    let count = 0
    await using site = await startSite({
      '/a': (_, response) => response.writeHead(++count === 1 ? 503 : 200).end('late'),
    })
    expect((await getUrl(`${site.url}/a`, most, quickly)).toString()).toBe('late')
  })
})

describe('a hostile site', () => {
  it.each([
    ['a circle', { location: '/a' }, 'more than 5 redirections'],
    ['another protocol', { location: 'file:///etc/passwd' }, 'which is not followed'],
    ['no place', { location: 'http://[' }, 'a redirection to nowhere'],
  ])('that sends on to %s is given up', async (_, headers, words) => {
    await using site = await startSite({ '/a': (__, response) => response.writeHead(302, headers).end() })
    await expect(getUrl(`${site.url}/a`, most, quickly)).rejects.toThrow(words)
  })

  it('that sends without an end is given up at the bound, whether it tells a length or not', async () => {
    await using site = await startSite({
      '/endless': (_, response) => {
        const more = () => {
          while (response.write('x'.repeat(64 * 1024)));
          response.once('drain', more)
        }
        more()
      },
      '/long': (_, response) => response.writeHead(200, { 'content-length': 1e12 }).write('x'),
    })
    await expect(getUrl(`${site.url}/endless`, most, quickly)).rejects.toThrow('more than 1 KiB')
    await expect(getUrl(`${site.url}/long`, most, quickly)).rejects.toThrow('more than 1 KiB')
  })

  it('that says nothing, or a byte at a time, is given up in time', async () => {
    const timers: NodeJS.Timeout[] = []
    await using site = await startSite({
      '/silent': () => {},
      '/drip': (_, response) => {
        timers.push(setInterval(() => response.write('x'), 50))
      },
    })
    await expect(getUrl(`${site.url}/silent`, most, quickly)).rejects.toThrow('nothing arrived for 0.3 s')
    await expect(getUrl(`${site.url}/drip`, most, quickly)).rejects.toThrow('no complete answer in time')
    for (const timer of timers) clearInterval(timer)
  })

  it('that breaks off, or is not there, is told in words', async () => {
    const site = await startSite({ '/a': request => request.socket.destroy() })
    await expect(getUrl(`${site.url}/a`, most, quickly)).rejects.toThrow('the site broke the connection off')
    await site[Symbol.asyncDispose]()
    await expect(getUrl(`${site.url}/a`, most, quickly)).rejects.toThrow('the site refused the connection')
  })
})

describe('a proxy', () => {
  const login = new Secret(`Basic ${Buffer.from('ada:s3cret').toString('base64')}`, 'login')

  it('is asked for http with its login, and not for what is reached without one', async () => {
    await using site = await startSite({ '/a': 'content' })
    await using proxy = await startForwardProxy({ login: 'ada:s3cret' })
    const through = { ...quickly, proxyFor: () => ({ url: proxy.url, authorization: login }) }
    expect((await getUrl(`${site.url}/a`, most, through)).toString()).toBe('content')
    expect(proxy.requests).toEqual([`GET ${site.url}/a`])
    await getUrl(`${site.url}/a`, most, quickly)
    expect(proxy.requests).toHaveLength(1)
  })

  it('makes a tunnel for https, and its refusal is told', async () => {
    await using proxy = await startForwardProxy({ login: 'ada:s3cret' })
    const through = { ...quickly, proxyFor: () => ({ url: proxy.url }) }
    await expect(getUrl('https://dl.k8s.io/a', most, through)).rejects.toThrow(`status 407 of the proxy`)
    expect(proxy.requests).toEqual(['CONNECT dl.k8s.io:443'])
  })

  it.each([
    [{}, undefined],
    [{ https_proxy: 'http://p.example:3128/' }, { https: 'http://p.example:3128', noProxy: [], hosts: [], logins: {} }],
    [{ HTTPS_PROXY: 'p.example:3128' }, { https: 'http://p.example:3128', noProxy: [], hosts: [], logins: {} }],
    [{ https_proxy: 'http://p.example:3128', no_proxy: '*' }, undefined],
    [{ https_proxy: 'socks5://p.example:1080' }, undefined],
    [
      { http_proxy: 'http://p.example:3128', NO_PROXY: '.corp, 10.0.0.0/8 10.0.0.0/99,1.2.3/8' },
      { http: 'http://p.example:3128', noProxy: ['.corp', '10.0.0.0/8'], hosts: [], logins: {} },
    ],
  ])('of the environment %j is %j', (env, proxy) => {
    expect(environmentProxy(env)).toEqual(proxy)
  })

  it('of the environment may have a login, which is not that of the other proxy', () => {
    const proxy = environmentProxy({
      https_proxy: 'http://ada:s%33cret%@p.example:3128',
      http_proxy: 'http://q.example:3128',
    })
    expect(proxy).toMatchObject({ https: 'http://p.example:3128', http: 'http://q.example:3128' })
    expect(Object.keys(proxy?.logins ?? {})).toEqual(['https'])
    expect(proxy?.logins.https?.username).toBe('ada')
    expect(proxy?.logins.https?.password.fits(/^s%33cret%$/)).toBe(true)
  })
})

describe('https', () => {
  const { ca, server: own } = makeCluster()
  const trusted = getCACertificates('default')
  const server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
    if (request.url === '/down') response.writeHead(302, { location: 'http://127.0.0.1:1/a' })
    response.end('over TLS')
  })
  let port = 0
  beforeAll(async () => {
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    port = (server.address() as AddressInfo).port
    setDefaultCACertificates([...trusted, ca.certificate])
  })
  afterAll(() => {
    setDefaultCACertificates(trusted)
    server.closeAllConnections()
    server.close()
  })

  it('is asked where the certificate is right, and never left for http', async () => {
    expect((await getUrl(`https://127.0.0.1:${port}/a`, most, quickly)).toString()).toBe('over TLS')
    await expect(getUrl(`https://127.0.0.1:${port}/down`, most, quickly)).rejects.toThrow(
      'a redirection from https:// to http://, which is not followed',
    )
  })

  it('goes through a tunnel of the proxy, and the certificate is checked there as well', async () => {
    await using proxy = await startForwardProxy({ resolve: () => ({ host: '127.0.0.1', port }) })
    const through = { ...quickly, proxyFor: () => ({ url: proxy.url }) }
    expect((await getUrl('https://127.0.0.1:8443/a', most, through)).toString()).toBe('over TLS')
    await expect(getUrl('https://dl.k8s.io/a', most, through)).rejects.toThrow(
      'the certificate of the site is for another name',
    )
    expect(proxy.requests).toEqual(['CONNECT 127.0.0.1:8443', 'CONNECT dl.k8s.io:443'])
  })

  it('is not asked where nobody vouches for the certificate', async () => {
    setDefaultCACertificates(trusted)
    const asked = getUrl(`https://127.0.0.1:${port}/a`, most, quickly)
    await expect(asked).rejects.toThrow('the certificate of the site is not trusted (NODE_EXTRA_CA_CERTS')
  })
})
