import { createPrivateKey, X509Certificate } from 'node:crypto'
import { hasSigned } from '../core/index.ts'
import type { Finding } from './finding.ts'

/** PEM texts of `spec.etcd.certificates`. */
export interface EtcdCertificates {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** Checks the files of an etcd client: validity, the CA that signed the certificate, its usage, and whether the key fits it. */
export function certificateFindings(texts: EtcdCertificates, now: Date): readonly Finding[] {
  const ca = new X509Certificate(texts.ca)
  const certificate = new X509Certificate(texts.cert)
  const path = (name: string) => ['spec', 'etcd', 'certificates', name]
  const findings = [
    ...validityFindings('CA of the etcd', ca, path('ca'), now),
    ...validityFindings('client certificate', certificate, path('cert'), now),
  ]
  if (!ca.ca) findings.push({ path: path('ca'), problem: 'This certificate is not one of a CA.', actual: ca.subject })
  else if (!hasSigned(ca, certificate)) {
    findings.push({
      path: path('cert'),
      problem: 'The client certificate was not signed by this CA.',
      expected: `signed by ${oneLine(ca.subject)}`,
      actual: `signed by ${oneLine(certificate.issuer)}`,
      next: "Take ca, cert and key from the same etcd: kube-apiserver's client certificate and the CA that signed it.",
    })
  }
  if (!isForClients(certificate)) {
    findings.push({
      path: path('cert'),
      problem: 'This certificate is not one for clients: etcd refuses it.',
      expected: 'the extended key usage clientAuth, or none',
      actual: certificate.keyUsage.join(', '),
      next: "Name kube-apiserver's client certificate for etcd, or have one signed with clientAuth.",
    })
  }
  const keyProblem = problemOfKey(certificate, texts.key)
  if (keyProblem !== undefined) findings.push({ path: path('key'), problem: keyProblem })
  return findings
}

function validityFindings(what: string, certificate: X509Certificate, path: string[], now: Date): Finding[] {
  const { validFromDate, validToDate } = certificate
  if (now >= validFromDate && now <= validToDate) return []
  const expired = now > validToDate
  return [
    {
      path,
      problem: `The ${what} ${expired ? 'has expired' : 'is not valid yet'}.`,
      expected: `valid now, ${now.toISOString()}`,
      actual: `${validFromDate.toISOString()} to ${validToDate.toISOString()}`,
      next: expired ? 'Have a new one signed, and name its file here.' : 'Is the clock of this machine right?',
    },
  ]
}

// RFC 5280, 4.2.1.12: clientAuth, anyExtendedKeyUsage. Node.js calls the extended key usages keyUsage; undefined means none.
function isForClients({ keyUsage }: { readonly keyUsage: readonly string[] | undefined }): boolean {
  return keyUsage === undefined || keyUsage.includes('1.3.6.1.5.5.7.3.2') || keyUsage.includes('2.5.29.37.0')
}

function problemOfKey(certificate: X509Certificate, pem: string): string | undefined {
  try {
    if (certificate.checkPrivateKey(createPrivateKey(pem))) return undefined
    return 'This is not the private key of the client certificate.'
  } catch {
    return 'This is not a private key in PEM without a passphrase.'
  }
}

function oneLine(name: string): string {
  return name.split('\n').join(', ')
}
