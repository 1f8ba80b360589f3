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

/** The PEM of two CAs that one root has signed, each with the root behind it: those of two clusters. */
export function underOneRoot(): readonly [string, string] {
  const script = `folder=$(mktemp -d); cd "$folder" || exit 1
new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
printf 'basicConstraints=critical,CA:TRUE\\n' >ca
openssl req -x509 $new -keyout root.key -subj /CN=root -days 9 -out root.crt
for one in a b; do
  openssl req -new $new -keyout key -subj /CN=kubernetes -out request
  openssl x509 -req -in request -CA root.crt -CAkey root.key -set_serial 1 -days 9 -extfile ca
  cat root.crt
  echo "== $one"
done
cd /; rm -rf "$folder"`
  const printed = execFileSync('sh', ['-ec', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [one = '', other = ''] = printed.split(/== .\n/)
  return [one, other]
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
