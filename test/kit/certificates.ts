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
  /** How many days the certificate is valid; below zero: it has expired. Default 1. */
  readonly days?: number
  /** The address that the certificate is for; default 127.0.0.1. */
  readonly address?: string
}

/** Creates a CA with kubeadm's name, and a certificate for one address, signed by that CA. */
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
