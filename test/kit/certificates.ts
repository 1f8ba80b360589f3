import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM texts of a certificate and its key. */
export interface KeyPair {
  readonly certificate: string
  readonly key: string
}

export interface CertificateOptions {
  /** How long the certificate is good; below zero: it is not any more. Default 1. */
  readonly days?: number
  /** What it is for; default 127.0.0.1. */
  readonly address?: string
}

/** A CA named as kubeadm's are, and a certificate for one address that it signed. */
export function makeCluster({ days = 1, address = '127.0.0.1' }: CertificateOptions = {}): {
  readonly ca: KeyPair
  readonly server: KeyPair
} {
  const folder = mkdtempSync(join(tmpdir(), 'evcctl-ca-'))
  const newKey = 'openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  const script = `${newKey} -x509 -keyout ca.key -out ca.crt -subj /CN=kubernetes -days 1
${newKey} -keyout server.key -out server.csr -subj /CN=kube-apiserver
echo subjectAltName=IP:${address} >extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -set_serial 2 -days ${days} -extfile extensions -out server.crt`
  execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'ignore' })
  const pair = (name: string): KeyPair => ({
    certificate: readFileSync(join(folder, `${name}.crt`), 'utf8'),
    key: readFileSync(join(folder, `${name}.key`), 'utf8'),
  })
  return { ca: pair('ca'), server: pair('server') }
}
