import type { ParsedKey } from 'ssh2'
import { credential } from '../shell/script.ts'
import { Agent, type MaySign, notAgain } from './agent.ts'
import { type Certificate, readCertificates } from './certificate.ts'
import { shortPath } from './home.ts'
import { describeIdentity, type Identity, type KeyRing, publicKeyOf } from './keys.ts'
import { type Attempt, Login, type LoginRefused } from './login.ts'
import type { Endpoint } from './resolve.ts'
import { foreignKey, SignedRequests, wholeSignature } from './signed-request.ts'

// How often a password is given to one server: two PAM modules may each ask for it, but not without end.
const mostAnswers = 2

// How often a key may sign. An RSA key is tried with two algorithms, and a server that accepts it asks for one signature for
// each. The limit is needed because Node does nothing else while it signs, and a person may have to touch a key.
const mostSignatures = 3

/**
 * Collects the keys and the password to log in with. Keys that the user has named come before those of the agent, and
 * default keys after them. The certificate of a key comes before the key.
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

// Wraps a key so that its signatures are counted. A server asks for one only after it has accepted the key.
function watched(key: ParsedKey, maySign: MaySign): ParsedKey {
  const sign: ParsedKey['sign'] = (...args) => (maySign(key) ? key.sign(...args) : (notAgain() as never))
  return Object.create(key, { sign: { value: sign } }) as ParsedKey
}

function certified(key: ParsedKey, { blob }: Certificate, requests: SignedRequests, maySign: MaySign): ParsedKey {
  const sign = (data: Buffer): Buffer => {
    const whole = maySign(key) ? wholeSignature(key, data) : notAgain()
    // If sign() returns an error, ssh2 treats the signature as failed. Its type definitions do not say so.
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
  // A named key that was read from its file is not tried again through the agent, because sshd counts attempts.
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
        // Only the first hidden question is answered with the password. Another one may ask for a new password, and the
        // answer could become that.
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
