import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type HttpProxy, Secret } from '../../src/core/index.ts'
import { installedArtifact } from '../../src/resources/artifacts/installed-artifact.ts'
import { proxyFor, proxyLines, proxyUser } from '../../src/resources/support/http-proxy.ts'
import { startForwardProxy } from '../kit/forward-proxy.ts'
import { sh } from '../kit/local-sh.ts'
import { Sandbox, serve } from './sandbox.ts'

const program = Buffer.from('#!/bin/sh\necho one\n')
const sha256 = createHash('sha256').update(program).digest('hex')

const files = () => serve((_, response) => response.end(program))

function kubelet(sandbox: Sandbox, url: string, proxy: HttpProxy) {
  const install = { binary: `${sandbox.root}/bin/kubelet` }
  return installedArtifact({
    name: 'kubelet',
    version: '1',
    source: { url, proxy },
    sha256,
    site: 'files.example',
    install,
  })
}

async function fetched(url: string, proxy: HttpProxy) {
  const sandbox = new Sandbox()
  const resource = kubelet(sandbox, url, proxy)
  const steps = resource.converge(await sandbox.probe(resource), resource.desired as never)
  const ended = await sandbox.run(steps)
  const explained = resource.explain?.({ step: 0, ...ended }, resource.desired as never)
  return { ...ended, steps, explained, installed: () => readFileSync(`${sandbox.root}/bin/kubelet`) }
}

function originOf(url: string) {
  const { hostname, port } = new URL(url)
  return () => ({ host: hostname, port: Number(port) })
}

describe('a download', () => {
  test('goes through the proxy, which the host need not be able to go round', async () => {
    await using server = await files()
    await using proxy = await startForwardProxy({ resolve: originOf(server.url) })
    const outcome = await fetched('http://files.example/kubelet', {
      http: proxy.url,
      noProxy: ['w1', '10.0.0.0/8'],
      hosts: [],
    })
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(outcome.installed()).toEqual(program)
    expect(proxy.requests).toEqual(['GET http://files.example/kubelet'])
  })

  test('gives the proxy the password on stdin, where no other user of the host sees it', async () => {
    const password = 'p@ss "w\\ord: %41'
    await using server = await files()
    await using proxy = await startForwardProxy({ login: `ada:${password}`, resolve: originOf(server.url) })
    const login = { username: 'ada', password: new Secret(password, 'password') }
    const outcome = await fetched('http://user:pw@files.example/kubelet', {
      http: proxy.url,
      noProxy: [],
      hosts: [],
      login,
    })
    expect(outcome).toMatchObject({ exitCode: 0 })
    expect(JSON.stringify(outcome.steps)).not.toContain('p@ss')
    expect(JSON.stringify(outcome.steps)).toContain('"stdin":"<credentials for a download>"')
  })

  test.each([
    ['http', 'http://files.example/kubelet'],
    ['https', 'https://files.example/kubelet'],
  ])('says at once that the proxy wants a password: %s', async (_, url) => {
    await using server = await files()
    await using proxy = await startForwardProxy({ login: 'ada:secret', resolve: originOf(server.url) })
    const outcome = await fetched(url, { http: proxy.url, https: proxy.url, noProxy: [], hosts: [] })
    expect(proxy.requests).toHaveLength(1)
    expect(outcome.explained?.problem).toBe(
      `The host needs another user name and password for the proxy ${proxy.url} (HTTP 407).`,
    )
    expect(outcome.explained?.next).toContain('spec.proxy.username')
  })

  test.each([
    ['a name', 'localhost', 'localhost'],
    ['a range, which old versions of curl do not know', '127.0.0.1', '127.0.0.0/8'],
  ])('leaves the proxy out for what noProxy has by %s', async (_, host, entry) => {
    await using server = await files()
    await using proxy = await startForwardProxy()
    const url = `http://${host}:${new URL(server.url).port}/kubelet`
    expect(await fetched(url, { http: proxy.url, noProxy: [entry], hosts: [] })).toMatchObject({ exitCode: 0 })
    expect(proxy.requests).toEqual([])
    expect(proxyLines({ noProxy: [entry], hosts: [] }, { url })).toContain(host)
  })

  test('names the proxy that cannot be reached', async () => {
    const gone = await startForwardProxy()
    await gone[Symbol.asyncDispose]()
    const resource = kubelet(new Sandbox(), 'http://files.example/kubelet', { http: gone.url, noProxy: [], hosts: [] })
    const failure = { step: 0, exitCode: 80, stdout: '', stderr: 'curl 7\nhttp 000\ncurl: (7) Failed to connect' }
    expect(resource.explain?.(failure, resource.desired as never)?.problem).toBe(
      `The host cannot connect to files.example through the proxy ${gone.url}.`,
    )
  })
})

test.each([
  ['https://dl.k8s.io/x', 'https'],
  ['http://dl.k8s.io/x', 'http'],
  ['https://mirror.corp.example/x', undefined],
  ['https://corp.example.org/x', 'https'],
  ['https://[2001:db8::7]/x', undefined],
  ['https://[2001:db9::7]/x', 'https'],
  ['https://[2001:db9::8]/x', undefined],
  ['https://notcorp.example/x', 'https'],
  ['https://w1/x', undefined],
  ['https://10.9.8.7/x', undefined],
  ['https://11.9.8.7/x', 'https'],
])('%s is asked through: %s', (url, through) => {
  const proxy = {
    http: 'http',
    https: 'https',
    noProxy: ['.Corp.example', '10.0.0.0/8', '2001:db8::/32', '2001:db9::8'],
    hosts: ['w1'],
  }
  expect(proxyFor(url, proxy)).toBe(through)
})

test('a user and a password reach the environment as they are in a URL, whatever is in them', () => {
  const password = `'"$(id)\`!*\\ %@/:é`
  const user = proxyUser({ username: 'CORP\\ada', password: new Secret(password, 'password') })
  const script = `user=$(cat)\n${proxyLines({ https: 'http://p:3128', noProxy: ['a'], hosts: [] }, { user: 'user' })}\nprintf '%s %s' "$https_proxy" "$no_proxy"`
  const { stdout } = sh(script, { stdin: user.reveal() })
  const [url = '', noProxy] = stdout.split(' ')
  expect([decodeURIComponent(new URL(url).username), decodeURIComponent(new URL(url).password)]).toEqual([
    'CORP\\ada',
    password,
  ])
  expect(noProxy).toBe('a')
  expect(url).toMatch(/^http:\/\/[\w%.~-]+:[\w%.~-]+@p:3128$/)
})
