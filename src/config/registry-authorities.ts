import { X509Certificate } from 'node:crypto'
import { pemBlocks } from '../core/pem.ts'
import { localPath, readFailure, type Surroundings } from './files.ts'
import type { Finding, Path } from './finding.ts'

/**
 * Reads the files of `spec.runtime.registryCAs`. Returns registry → PEM with certificates only. Errors in a file are
 * reported at its place in cluster.yaml.
 */
export function registryAuthorities(
  files: Readonly<Record<string, string>>,
  clusterFile: string,
  { env, readFile }: Surroundings,
  now = new Date(),
): { readonly authorities: Readonly<Record<string, string>>; readonly findings: readonly Finding[] } {
  const findings: Finding[] = []
  const authorities: Record<string, string> = {}
  for (const [registry, given] of Object.entries(files)) {
    const path: Path = ['spec', 'runtime', 'registryCAs', registry]
    const file = localPath(given, clusterFile, env)
    let text: string
    try {
      text = readFile(file)
    } catch (cause) {
      findings.push({ path, problem: `The CA of ${registry} cannot be used. ${readFailure(cause)}: ${file}` })
      continue
    }
    const wrong = whatIsWrong(text, file, now)
    if (wrong === undefined)
      authorities[registry] = certificatesIn(text)
        .map(pem => `${pem}\n`)
        .join('')
    else findings.push({ path, ...wrong })
  }
  return { authorities, findings }
}

function certificatesIn(text: string): readonly string[] {
  return pemBlocks(text).flatMap(block => (block.label === 'CERTIFICATE' ? [block.text] : []))
}

function whatIsWrong(text: string, file: string, now: Date): Omit<Finding, 'path'> | undefined {
  if (pemBlocks(text).some(({ label }) => label.endsWith('PRIVATE KEY'))) {
    const next = `openssl x509 -in '${file}' -out ca.crt makes a file of the certificate alone.`
    return {
      problem: `There is a private key in ${file}: it would go to all hosts.`,
      expected: 'certificates only',
      next,
    }
  }
  const certificates = certificatesIn(text)
  const expected = 'one or more certificates in PEM: -----BEGIN CERTIFICATE-----'
  if (certificates.length === 0) return { problem: `There is no certificate in ${file}.`, expected }
  for (const pem of certificates) {
    let certificate: X509Certificate
    try {
      certificate = new X509Certificate(pem)
    } catch {
      return { problem: `A certificate in ${file} cannot be read.`, expected }
    }
    if (certificate.validToDate < now) {
      const problem = `A certificate in ${file} has expired: ${certificate.subject.replaceAll('\n', ', ')}.`
      return { problem, actual: `valid until ${certificate.validToDate.toISOString().slice(0, 10)}` }
    }
  }
  return undefined
}
