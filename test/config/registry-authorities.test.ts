import { describe, expect, it } from 'vitest'
import { registryAuthorities } from '../../src/config/registry-authorities.ts'
import { cluster, errorsOf, parse } from './cluster-file.ts'
import { authority } from './registry-authority.ts'

const file = cluster('runtime: { registryCAs: { "registry.example:5000": ca.crt } }')
const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'

describe('CAs of registries', () => {
  it('are read from their files, without what is round them', () => {
    const files = { '/site/ca.crt': `Issuer: somebody\n${authority}\n# another\n${authority}` }
    expect(parse(file, { files }).runtime.registryCAs).toEqual({ 'registry.example:5000': authority + authority })
  })

  it.each([
    ['no such file', {}, 'There is no such file: /site/ca.crt'],
    ['no certificate in it', { '/site/ca.crt': 'hello' }, 'There is no certificate in /site/ca.crt'],
    ['a private key in it', { '/site/ca.crt': authority + key }, 'There is a private key in /site/ca.crt'],
    [
      'a broken certificate',
      { '/site/ca.crt': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' },
      'cannot be read',
    ],
  ])('are refused with their place in cluster.yaml: %s', (_, files, problem) => {
    const errors = errorsOf(file, { files })
    expect(errors).toHaveLength(1)
    expect(errors[0]?.where).toContain('spec.runtime.registryCAs["registry.example:5000"]')
    expect(errors[0]?.problem).toContain(problem)
  })

  it('are refused for docker.io with Docker, which would not read them', () => {
    const files = { '/site/ca.crt': authority }
    const [error] = errorsOf(cluster('runtime: { name: docker, registryCAs: { docker.io: ca.crt } }'), { files })
    expect(error?.where).toContain('spec.runtime.registryCAs["docker.io"]')
    expect(error?.problem).toContain('trusts what the host trusts')
  })

  it('are refused when they have expired', () => {
    const around = { readFile: () => authority, mode: () => 0, kind: () => 'file', env: {} }
    const { findings } = registryAuthorities({ a: 'ca.crt' }, '/site/cluster.yaml', around, new Date('2200-01-01'))
    expect(findings[0]?.problem).toContain('has expired: CN=registry CA')
  })
})
