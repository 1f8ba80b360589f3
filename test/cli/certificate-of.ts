import { execFileSync } from 'node:child_process'

const dayMs = 24 * 60 * 60 * 1000

/** Base64 (DER) of a new certificate that is valid for a year and expires so many days after `now`; `ca` makes it one of a CA. */
export function certificateOf(now: number, days: number, { ca = false, lifetimeDays = 365 } = {}): string {
  const stamp = (at: number) => `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  const end = now + days * dayMs
  const usage = `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}`
  const script = `folder=$(mktemp -d); cd "$folder" || exit 1
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=x -out request >/dev/null 2>&1
touch index; echo 01 >serial
printf '[ca]\\ndefault_ca=own\\n[own]\\ndatabase=index\\nserial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=any\\nx509_extensions=ext\\n[any]\\ncommonName=supplied\\n[ext]\\n${usage}\\n' >settings
openssl ca -batch -selfsign -config settings -keyfile key -in request -startdate ${stamp(end - lifetimeDays * dayMs)} -enddate ${stamp(end)} -out certificate -notext >/dev/null 2>&1
openssl x509 -in certificate -outform der | base64 | tr -d '\\n'
cd /; rm -rf "$folder"`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' })
}
