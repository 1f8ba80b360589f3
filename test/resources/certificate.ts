import { execFileSync } from 'node:child_process'

/** A throw-away CA certificate and its hash as `openssl` (not the code under test) computes it. */
export function throwAwayCa(): { readonly pem: string; readonly hash: string } {
  const sh = (script: string, input = '') =>
    execFileSync('sh', ['-c', script], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] })
  const pem = sh(
    'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj /CN=kubernetes -days 1 -addext subjectAltName=DNS:cp1,IP:192.0.2.11,IP:2001:db8::1',
  )
  const digest = sh('openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -r', pem)
  return { pem, hash: `sha256:${digest.slice(0, 64)}` }
}

/** What a kubelet keeps: the certificate of a node, and the key after it. */
export function nodeCertificate(name: string): string {
  const subject = `/O=system:nodes/CN=system:node:${name}`
  const script = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$key" -subj ${subject} -days 1`
  return execFileSync('sh', ['-c', `key=$(mktemp); ${script}; cat "$key"; rm -f "$key"`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}
