import { describe, expect, it } from 'vitest'
import { clusterSecrets } from '../../src/config/index.ts'
import { Secret, UserErrors } from '../../src/core/index.ts'
import { cluster, errorsOf, parse } from './cluster-file.ts'

const withCredentials = (source: string, more = '') =>
  cluster(
    `runtime: { ${more}registryCredentials: { "registry.example:5000": { username: ada, password: ${source} } } }`,
  )

describe('credentials of registries', () => {
  it('are fetched from where the file says, and shown to nobody', async () => {
    const spec = parse(withCredentials('{ fromEnv: PULL }'))
    const secrets = await clusterSecrets(spec, { env: { PULL: 'open-sesame' } })
    expect(secrets.registries['registry.example:5000']?.username).toBe('ada')
    expect(secrets.registries['registry.example:5000']?.password.reveal()).toBe('open-sesame')
    expect(JSON.stringify([spec, secrets])).not.toContain('sesame')
  })

  it('are asked for by the name of their registry', async () => {
    const questions: string[] = []
    const prompt = async (question: string) => {
      questions.push(question)
      return new Secret('open-sesame', 'answer')
    }
    await clusterSecrets(parse(withCredentials('{ prompt: true }')), { prompt })
    expect(questions).toEqual(['password of ada for registry.example:5000'])
  })

  it('are told by their place when they cannot be had, or could not be sent', async () => {
    const spec = parse(withCredentials('{ fromEnv: PULL }'))
    for (const [value, problem] of [
      ['', 'The environment variable PULL is empty.'],
      [
        'two\nlines',
        'The password of ada for registry.example:5000 has a line break or another control character in it.',
      ],
    ]) {
      const error = await clusterSecrets(spec, { env: { PULL: value! } }).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UserErrors)
      const { where } = (error as UserErrors).details
      expect(where).toContain('spec.runtime.registryCredentials["registry.example:5000"].password')
      expect((error as UserErrors).details.problem).toBe(problem)
    }
  })

  it.each([
    ['a password in the file', withCredentials('geronimo'), 'A password does not belong in this file.'],
    [
      'user and password in a key',
      cluster('runtime: { registryCredentials: { "ada:geronimo@a": { username: b, password: { fromEnv: A } } } }'),
      '"************@a" cannot stand here.',
    ],
    [
      'user and password in a text',
      cluster('runtime: { registryCredentials: { a: "ada:geronimo" } }'),
      'a has the wrong type.',
    ],
    ['no password', cluster('runtime: { registryCredentials: { a: { username: b } } }'), '"password" is missing.'],
    [
      'a colon in the user name',
      cluster('runtime: { registryCredentials: { a: { username: "ada:geronimo", password: { fromEnv: A } } } }'),
      'This is not accepted here.',
    ],
    [
      'a URL in the place of the registry',
      cluster('runtime: { registryCredentials: { "https://a": { username: b, password: { fromEnv: A } } } }'),
      '"https://a" cannot stand here.',
    ],
  ])('are refused: %s', (_, text, problem) => {
    const [error] = errorsOf(text)
    expect(error?.problem).toBe(problem)
    expect(JSON.stringify(error)).not.toContain('geronimo')
  })

  it('are refused with Docker for the images of kubeadm and for mirrors, which Docker asks without', () => {
    const errors = errorsOf(
      `${withCredentials('{ fromEnv: A }', 'name: docker, ')}  images: { registry: registry.example:5000/k8s }\n`,
    )
    expect(errors.map(({ problem }) => problem)).toEqual([
      "kubeadm pulls Kubernetes' own images through Docker, and can give it no credentials.",
    ])
    const mirrors = 'name: docker, registryMirrors: { docker.io: ["https://registry.example:5000"] }, '
    expect(errorsOf(withCredentials('{ fromEnv: A }', mirrors)).map(({ problem }) => problem)).toEqual([
      "Docker has no credentials of a mirror's own.",
    ])
    expect(errorsOf(withCredentials('{ fromEnv: A }', 'name: docker, '))).toEqual([])
  })
})
