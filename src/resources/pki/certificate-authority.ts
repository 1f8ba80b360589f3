import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, Resource } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { decodeFile, linesOf, pemToHandOn, printFile, refuse } from '../support/index.ts'
import { makeKeyLines } from './make-key.ts'

export interface CertificateAuthorityParameters {
  /** Absolute path of the folder of ca.crt and ca.key; it has to exist, accessible to root only. */
  readonly folder: string
  /** Common name, e.g. `etcd-ca`. */
  readonly commonName: string
  /** Validity period. */
  readonly days: number
}

export interface CertificateAuthorityState {
  /** PEM; empty when there is no certificate. */
  readonly certificate: string
  readonly hasKey: boolean
  /** The host's own clock, ms. */
  readonly now: number
}

/**
 * A CA whose key never leaves its host. It is created once and never replaced: a new CA would invalidate everything that
 * the old one signed. A key without a certificate is left by a run that was cut off; it is used.
 */
export function certificateAuthority(
  parameters: CertificateAuthorityParameters,
): Resource<CertificateAuthorityState, { readonly commonName: string }, { readonly certificate: string }> {
  const { folder, commonName, days } = parameters
  const at = `${folder}/ca`
  return {
    kind: 'certificate authority',
    name: commonName,
    probe: {
      script: `${printFile('certificate', `${at}.crt`)}if [ -s ${at}.key ]; then echo key=there; fi\necho "now=$(date +%s)"\n`,
      parse: raw => ({
        certificate: decodeFile(linesOf(raw, 'certificate')[0]),
        hasKey: linesOf(raw, 'key').length > 0,
        now: Number(linesOf(raw, 'now')[0]) * 1000,
      }),
    },
    volatile: ['now'],
    desired: { commonName },
    diff(current): Change | undefined {
      if (current.certificate === '') return { action: 'create', fields: [{ field: 'valid', after: `${days} days` }] }
      const refused = unusable(current, at)
      return refused === undefined ? undefined : refuse(refused)
    },
    converge: () => [{ run: makeScript(at, commonName, days), timeoutMs: 60_000 }],
    output(current) {
      const certificate = pemToHandOn(current.certificate, 'CERTIFICATE')
      return certificate === undefined ? undefined : { certificate }
    },
  }
}

function makeScript(at: string, commonName: string, days: number): string {
  return `${makeKeyLines(at)}openssl req -x509 -new -key ${at}.key -sha256 -days ${days} -subj ${quote(`/CN=${commonName}`)} \\
  -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature -out ${at}.crt.next
chmod 644 ${at}.crt.next
${syncLine(`${at}.crt.next`)}
mv -fT ${at}.crt.next ${at}.crt
${syncLine(`"$(dirname ${at}.crt)"`)}
`
}

function unusable({ certificate, hasKey, now }: CertificateAuthorityState, at: string): ErrorDetails | undefined {
  if (!hasKey) {
    return {
      problem: `The key of the CA is missing, so nothing can be signed: ${at}.key`,
      next: 'Restore it from a backup.',
    }
  }
  try {
    const { validToDate } = new X509Certificate(certificate)
    if (validToDate.getTime() > now) return undefined
    return {
      problem: `The CA at ${at}.crt has expired, and with it all that it signed.`,
      actual: `valid until ${validToDate.toISOString()}`,
      next: 'Check the clock of the host. A new CA has to be created by hand: every member and API server must trust both for a while.',
    }
  } catch {
    return { problem: `${at}.crt is not a certificate.`, next: 'Restore it from a backup.' }
  }
}
