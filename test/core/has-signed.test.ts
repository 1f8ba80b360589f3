import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
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
