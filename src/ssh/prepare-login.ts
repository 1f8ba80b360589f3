import type { ParsedKey } from 'ssh2'
import { credential } from '../shell/script.ts'
import { Agent, type MaySign, notAgain } from './agent.ts'
import { type Certificate, readCertificates } from './certificate.ts'
import { shortPath } from './home.ts'
import { describeIdentity, type Identity, type KeyRing, publicKeyOf } from './keys.ts'
import { type Attempt, Login, type LoginRefused } from './login.ts'
import type { Endpoint } from './resolve.ts'
import { foreignKey, SignedRequests, wholeSignature } from './signed-request.ts'

// Stacks of PAM may ask for the same password twice, by two of their modules; not for ever.
const mostAnswers = 2

// RSA keys sign in two ways, one after the other, and a server that takes a key wants one signature each. Node signs while
// nothing else goes on, and a person may have to touch a key.
const mostSignatures = 3

/**
 * Collects what there is to log in with. Keys that were named come before the agent's, default ones after; the
 * certificate of a key before the key.
 */
export async function prepareLogin(
  endpoint: Endpoint,
  keys: KeyRing,
  onStop: (error: LoginRefused) => void,
): Promise<Login> {
  const { user: username, identityFiles, passphrase, password, certificateFiles } = endpoint
  const [identities, certificates] = await Promise.all([
    Promise.all(identityFiles.map(file => keys.load(file, passphrase))),
    readCertificates([...certificateFiles, ...identityFiles.map(file => `${file}-cert.pub`)]),
  ])
  const requests = new SignedRequests()
  const signatures = new Map<string, number>()
  const maySign = (key: ParsedKey): boolean => {
    login.proved()
    const blob = key.getPublicSSH().toString('base64')
    const times = (signatures.get(blob) ?? 0) + 1
    signatures.set(blob, times)
    if (times === mostSignatures + 1) onStop(login.asksAgain())
    return times <= mostSignatures
  }
  const files = identities.flatMap((identity): Attempt[] => {
    if (!('key' in identity)) return []
    const own = certificates.filter(({ key }) => key.equals(identity.key.getPublicSSH()))
    const attempt = (key: ParsedKey, what: string): Attempt => ({
      method: { type: 'publickey', username, key },
      describe: () => what,
    })
    return [
      ...own.map(certificate =>
        attempt(certified(identity.key, certificate, requests, maySign), `certificate ${shortPath(certificate.file)}`),
      ),
      attempt(watched(identity.key, maySign), describeIdentity(identity)),
    ]
  })
  const agent = agentAttempts(endpoint, identities, certificates, requests, maySign)
  const keyAttempts = endpoint.identitiesGiven ? [...files, ...agent] : [...agent, ...files]
  const passwords = password === undefined ? [] : passwordAttempts(username, credential(password), () => login, onStop)
  const unusable = identities.filter(identity => !('key' in identity))
  const login: Login = new Login(endpoint, [...keyAttempts, ...passwords], unusable, requests)
  return login
}

// The server asks for a signature only when it has taken the key.
function watched(key: ParsedKey, maySign: MaySign): ParsedKey {
  const sign: ParsedKey['sign'] = (...args) => (maySign(key) ? key.sign(...args) : (notAgain() as never))
  return Object.create(key, { sign: { value: sign } }) as ParsedKey
}

function certified(key: ParsedKey, { blob }: Certificate, requests: SignedRequests, maySign: MaySign): ParsedKey {
  const sign = (data: Buffer): Buffer => {
    const whole = maySign(key) ? wholeSignature(key, data) : notAgain()
    // ssh2 takes an error for a signature that failed; its typings do not say so.
    if (whole instanceof Error) return whole as unknown as Buffer
    requests.replaceNext(data, whole)
    return whole
  }
  return foreignKey(blob, { sign: sign as ParsedKey['sign'], isPrivateKey: () => true })
}

function agentAttempts(
  { user: username, agentSocket, identitiesOnly, identitiesGiven }: Endpoint,
  identities: readonly Identity[],
  certificates: readonly Certificate[],
  requests: SignedRequests,
  maySign: MaySign,
): Attempt[] {
  if (agentSocket === undefined) return []
  const known = identities.map(publicKeyOf).filter(key => key !== undefined)
  const opened = identities.flatMap(identity => ('key' in identity ? [identity.key.getPublicSSH()] : []))
  // A key that a file opens is tried once, by its file: sshd counts tries.
  const except = identitiesGiven ? opened : []
  const choice = {
    only: identitiesOnly ? known : undefined,
    except,
    certificates: certificates.filter(({ key }) => !opened.some(other => other.equals(key))),
  }
  const agent = new Agent(agentSocket, choice, requests, maySign)
  return [{ method: { type: 'agent', username, agent }, describe: () => `agent: ${agent.outcome}` }]
}

function passwordAttempts(
  username: string,
  password: string,
  login: () => Login,
  onStop: (error: LoginRefused) => void,
): Attempt[] {
  let asked: string | undefined
  let answers = 0
  return [
    { method: { type: 'password', username, password }, describe: () => 'password' },
    {
      method: {
        type: 'keyboard-interactive',
        username,
        // The first hidden question is for the password. Any other one, such as for a new password, is not for us: the
        // password given to it could become the new one.
        prompt: (name, instructions, _lang, prompts, finish) => {
          login().heard(`${name}\n${instructions}`)
          const given = prompts.map(({ prompt, echo }) => {
            if (echo === true) return ''
            asked ??= prompt
            return prompt === asked && ++answers <= mostAnswers ? password : undefined
          })
          const refused = given.indexOf(undefined)
          if (refused >= 0) {
            onStop(login().asksMore(prompts[refused]?.prompt ?? ''))
            return
          }
          login().proved()
          finish(given.filter(answer => answer !== undefined))
        },
      },
      describe: () => 'keyboard-interactive with the password',
    },
  ]
}
