import type { KeyObject, X509Certificate } from 'node:crypto'

/**
 * Whether a CA has signed a certificate. A CA whose key this Node.js cannot read has signed none: certificates of hosts and of other people
 * may have any key, damaged ones too, and Node.js throws when it is to use such a key. Nor has one with a key that no program of Kubernetes
 * takes; see isTakenByKubernetes(). The same question costs its time once.
 */
export function hasSigned(ca: X509Certificate, certificate: X509Certificate): boolean {
  const question = `${ca.fingerprint256} ${certificate.fingerprint256}`
  const known = answers.get(question)
  if (known !== undefined) return known
  const answer = asked(ca, certificate)
  if (answers.size >= mostAnswers) answers.clear()
  answers.set(question, answer)
  return answer
}

const answers = new Map<string, boolean>()
const mostAnswers = 10_000

function asked(ca: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return isTakenByKubernetes(ca.publicKey) && certificate.verify(ca.publicKey)
  } catch {
    return false
  }
}

const mostRsaBits = 8192
const mostExponent = 2n ** 31n - 1n
const curves = new Set(['secp224r1', 'prime256v1', 'secp384r1', 'secp521r1'])

/**
 * Whether programs written in Go, as those of Kubernetes and etcd are, take signatures by this key: other kinds, curves and exponents are
 * unknown to Go (crypto/x509, crypto/rsa), and so are longer keys to its TLS. Each check of a signature holds up all hosts, some 1 ms with
 * the slowest of these keys; with others it may be as many times longer as the owner of the key wishes.
 */
function isTakenByKubernetes({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const { modulusLength, publicExponent, namedCurve } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType === 'ed25519') return true
  if (asymmetricKeyType === 'ec') return namedCurve !== undefined && curves.has(namedCurve)
  if (asymmetricKeyType !== 'rsa' || modulusLength === undefined || publicExponent === undefined) return false
  return modulusLength <= mostRsaBits && publicExponent <= mostExponent
}
