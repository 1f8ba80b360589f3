import { execFileSync } from 'node:child_process'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { hasSigned } from '../../src/core/index.ts'

const options = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=kubernetes']
const der = execFileSync('openssl', ['req', ...options, '-outform', 'DER'], { stdio: ['ignore', 'pipe', 'ignore'] })

test('a CA has signed its own certificate', () => {
  const ca = new X509Certificate(der)
  expect(hasSigned(ca, ca)).toBe(true)
})

test('a CA whose key is of a kind that nobody knows has signed nothing', () => {
  // rsaEncryption, 1.2.840.113549.1.1.1, becomes an identifier that does not exist.
  const odd = Buffer.from(der)
  odd[odd.indexOf(Buffer.from('06092a864886f70d010101', 'hex')) + 10] = 0x7f
  const ca = new X509Certificate(odd)
  expect(() => ca.publicKey).toThrow()
  expect(() => new X509Certificate(der).checkIssued(ca)).not.toThrow()
  expect(hasSigned(ca, new X509Certificate(der))).toBe(false)
})

test.each([
  ['RSA with a public exponent of 66 bits', () => withKey('RSA -pkeyopt rsa_keygen_pubexp:36893488147419103233')],
  ['RSA with 8200 bits', () => withLongKey()],
  ['a curve that Go does not know', () => withKey('EC -pkeyopt ec_paramgen_curve:sect571r1')],
  ['Ed448', () => withKey('ED448')],
])('no program of Kubernetes takes signatures by such a key, so nothing is computed with it: %s', (_, make) => {
  const ca = new X509Certificate(make())
  const verify = vi.spyOn(X509Certificate.prototype, 'verify')
  expect(hasSigned(ca, ca)).toBe(false)
  expect(verify).not.toHaveBeenCalled()
  verify.mockRestore()
})

test.each(['ED25519', 'EC -pkeyopt ec_paramgen_curve:secp521r1', 'RSA -pkeyopt rsa_keygen_bits:3072'])(
  'a key that Kubernetes takes counts: %s',
  key => {
    const ca = new X509Certificate(withKey(key))
    expect(hasSigned(ca, ca)).toBe(true)
  },
)

test('the same question is computed once', () => {
  const made = withKey('ED25519')
  const verify = vi.spyOn(X509Certificate.prototype, 'verify')
  for (let time = 0; time < 3; time++)
    expect(hasSigned(new X509Certificate(made), new X509Certificate(made))).toBe(true)
  expect(verify).toHaveBeenCalledTimes(1)
  verify.mockRestore()
})

/** A self-signed certificate, DER, with a key of an algorithm and the options of `openssl genpkey`. */
function withKey(algorithm: string): Buffer {
  return printedBy(`openssl genpkey -algorithm ${algorithm} -out key
openssl req -x509 -new -key key -subj /CN=kubernetes -days 1 -outform DER`)
}

// To make a key of that length takes many seconds, so this is a number of that length. Nobody has the other half.
function withLongKey(): Buffer {
  const n = Buffer.alloc(1025, 0xff).toString('base64url')
  const key = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' })
  return printedBy(
    `cat >long
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=kubernetes -out ca
openssl req -new -key key -subj /CN=kubernetes -out request
openssl x509 -req -in request -force_pubkey long -CA ca -CAkey key -set_serial 1 -outform DER`,
    key.export({ type: 'spki', format: 'pem' }).toString(),
  )
}

function printedBy(script: string, input = ''): Buffer {
  const inFolder = `folder=$(mktemp -d)\ntrap 'rm -rf "$folder"' EXIT\ncd "$folder"\n${script}\n`
  return execFileSync('sh', ['-ec', inFolder], { input, stdio: ['pipe', 'pipe', 'ignore'] })
}
