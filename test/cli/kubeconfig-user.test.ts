import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { kubeconfigText } from '../../src/cli/kubeconfig/file.ts'
import { signUser } from '../../src/cli/kubeconfig/sign-user.ts'
import { signingRequest } from '../../src/cli/kubeconfig/signing-request.ts'
import { userRequest } from '../../src/cli/kubeconfig/user-flags.ts'
import { type Session, UserError } from '../../src/core/index.ts'
import { kubeadmApi } from '../../src/resources/kubeadm/api-access.ts'
import { fuzzing } from '../kit/fuzz.ts'
import { temporaryFolder } from './run-cli.ts'

const openssl = (script: string, input: string) =>
  execFileSync('sh', ['-ec', script], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const request = { user: 'ana@example.com', groups: ['developers', 'on-call'], seconds: 3600 }
const flags = { user: 'ana', group: [], for: undefined }

describe('a request for the certificate of a user', () => {
  test('is one to openssl, with user and groups, signed by the key', () => {
    const pem = signingRequest(request, pair())
    const said = openssl('openssl req -noout -verify -subject -nameopt multiline,-align 2>&1', pem)
    expect(said).toMatch(/verify OK/i)
    expect(said).toMatch(
      /organizationName *= developers\n *organizationName *= on-call\n *commonName *= ana@example.com/,
    )
  })

  test('has lengths of any size right', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][\w.:@+/-]{0,63}$/)
    fc.assert(
      fc.property(name, fc.array(name, { maxLength: 12 }), (user, groups) => {
        const pem = signingRequest({ user, groups }, pair())
        const said = openssl('openssl req -noout -subject -nameopt multiline,-align', pem)
        const values = [...said.matchAll(/= (.*)$/gm)].map(([, value]) => value)
        expect(values).toEqual([...groups, user])
      }),
      fuzzing('requests for certificates', 20),
    )
  })
})

describe('the flags of a user', () => {
  test('give eight hours unless they say otherwise', () => {
    expect(userRequest(flags)).toEqual({ user: 'ana', groups: [], seconds: 8 * 3600 })
    expect(userRequest({ ...flags, group: ['a', 'b'], for: '1h30m' })).toEqual({
      user: 'ana',
      groups: ['a', 'b'],
      seconds: 5400,
    })
    expect(userRequest({ user: undefined, group: [], for: undefined })).toBeUndefined()
  })

  test.each([
    [{ ...flags, group: ['system:masters'] }, '--group', /signs no certificate for system:masters/],
    [{ ...flags, user: 'system:node:cp1' }, '--user', /begin with system:/],
    [{ ...flags, user: 'a\nb' }, '--user', /cannot be the name/],
    [{ ...flags, group: [''] }, '--group', /cannot be the name/],
    [{ ...flags, user: 'x'.repeat(65) }, '--user', /cannot be the name/],
    [{ ...flags, for: '5m' }, '--for', /for that time/],
    [{ ...flags, for: '9000h' }, '--for', /for that time/],
    [{ ...flags, for: 'a day' }, '--for', /for that time/],
    [{ ...flags, user: undefined, for: '1h' }, '--user', /said whose/],
  ])('are refused: %j', (given, where, problem) => {
    const error = (() => {
      try {
        userRequest(given)
      } catch (thrown) {
        return thrown as UserError
      }
      return undefined
    })()
    expect(error).toBeInstanceOf(UserError)
    expect([error?.exitCode, error?.details.where]).toEqual([3, where])
    expect(error?.details.problem).toMatch(problem)
  })
})

describe('the certificate of a user', () => {
  /** A CA, and a host that signs what it is asked with it, for the subject of `as` if that is given. */
  async function host(folder: string, as?: string) {
    const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    const ca = openssl(
      `cd ${folder}; openssl req -x509 ${newKey} -keyout ca.key -subj /CN=kubernetes -days 1 | tee ca.crt`,
      '',
    )
    const asked: string[] = []
    const session = {
      host: 'cp1',
      exchange: async (
        { jobs }: { readonly jobs: readonly { readonly steps: readonly { readonly stdin: string }[] }[] },
        { onOutput }: { onOutput(job: number, line: string): void },
      ) => {
        const { stdin } = jobs[0]!.steps[0]!
        asked.push(stdin)
        const pem = Buffer.from(JSON.parse(stdin).spec.request, 'base64').toString()
        const subject = as === undefined ? '' : `-subj ${as}`
        const certificate = openssl(
          `cd ${folder}; openssl x509 -req -CA ca.crt -CAkey ca.key -set_serial 1 -days 1 ${subject}`,
          pem,
        )
        onOutput(0, `certificate=${Buffer.from(certificate).toString('base64')}`)
        return { jobs: [{}], results: [] }
      },
    }
    return { ca, asked, session: session as unknown as Session }
  }
  const never = new AbortController().signal

  test('has a key that is made here and is sent nowhere', async () => {
    await using folder = await temporaryFolder()
    const { ca, asked, session } = await host(folder.path)
    const { user, validTo } = await signUser(session, { api: kubeadmApi, authority: ca, request }, never)
    expect(validTo).toBeGreaterThan(Date.now())
    const key = Buffer.from(user['client-key-data'], 'base64').toString()
    expect(key).toContain('PRIVATE KEY')
    expect(asked.join()).not.toContain('PRIVATE KEY')
    expect(JSON.parse(asked[0]!)).toMatchObject({
      spec: { signerName: 'kubernetes.io/kube-apiserver-client', expirationSeconds: 3600, usages: ['client auth'] },
    })
    const access = { name: 'lab', server: 'https://192.0.2.11:6443', certificateAuthorityData: 'QQ==', user }
    expect(parse(kubeconfigText({ ...access, whose: 'ana' }))).toMatchObject({
      users: [{ name: 'lab-ana' }],
      contexts: [{ name: 'lab', context: { user: 'lab-ana' } }],
    })
  })

  test.each(['before', 'behind'])('may be of the CA %s another one, while one replaces the other', async place => {
    await using folder = await temporaryFolder()
    await using other = await temporaryFolder()
    const [{ ca, session }, { ca: next }] = [await host(folder.path), await host(other.path)]
    const authority = place === 'before' ? `${ca}${next}` : `${next}${ca}`
    expect((await signUser(session, { api: kubeadmApi, authority, request }, never)).user).toBeDefined()
  })

  test.each(['another CA', 'another user', 'no certificate'])('is refused where a host gives %s', async what => {
    await using folder = await temporaryFolder()
    await using other = await temporaryFolder()
    const given = await host(folder.path, what === 'another user' ? '/CN=eve' : undefined)
    const { ca } = what === 'another CA' ? await host(other.path) : given
    const session =
      what === 'no certificate'
        ? ({ host: 'cp1', exchange: async () => ({ jobs: [{}], results: [] }) } as unknown as Session)
        : given.session
    await expect(signUser(session, { api: kubeadmApi, authority: ca, request }, never)).rejects.toThrow(
      /not the certificate that was asked for/,
    )
  })
})
