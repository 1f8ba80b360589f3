import { createHash, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { hasSigned } from '../../core/has-signed.ts'
import { isUnknown, type Output } from '../../core/output.ts'
import type { FieldChange, Resource } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { decodeFile, linesOf, pemToHandOn, printFile } from '../support/index.ts'
import { canonicalName, subjectAltNames } from './certificate.ts'

export interface SignedCertificateParameters {
  /** Folder of ca.crt and ca.key. Certificates are kept in `issued` below it, where a later run finds them. */
  readonly folder: string
  /** Unique among the certificates that the CA signed, e.g. `e1-server`. */
  readonly name: string
  /** PEM of the request; see certificateRequest(). */
  readonly request: Output<string>
  readonly usages: readonly ('serverAuth' | 'clientAuth')[]
  /** Names and addresses that the certificate is valid for; none for a client. */
  readonly names: readonly string[]
  /** Validity period. */
  readonly days: number
  /** The certificate is signed again when fewer days are left. */
  readonly renewDays: number
}

export interface SignedCertificateState {
  /** PEM of the certificate, and of the CA; empty when there is none. */
  readonly certificate: string
  readonly ca: string
  /** The host's own clock, ms. */
  readonly now: number
}

export interface SignedCertificateDesired {
  readonly request: string
}

const day = 24 * 3_600_000

/**
 * A certificate that the CA of this host signs for the key of another host. Only the request arrives and only the
 * certificate leaves. It is signed again before it expires, and when the request, the names or the CA have changed.
 */
export function signedCertificate(
  parameters: SignedCertificateParameters,
): Resource<SignedCertificateState, SignedCertificateDesired, { readonly certificate: string }> {
  const { folder, name, request, usages, names, days, renewDays } = parameters
  const path = `${folder}/issued/${name}.crt`
  return {
    kind: 'certificate',
    name,
    probe: {
      script: `${printFile('certificate', path)}${printFile('ca', `${folder}/ca.crt`)}echo "now=$(date +%s)"\n`,
      parse: raw => ({
        certificate: decodeFile(linesOf(raw, 'certificate')[0]),
        ca: decodeFile(linesOf(raw, 'ca')[0]),
        now: Number(linesOf(raw, 'now')[0]) * 1000,
      }),
    },
    volatile: ['now'],
    desired: { request: request as Output<string> },
    diff(current, desired) {
      const certificate = read(current.certificate)
      if (certificate === undefined) {
        return { action: 'create', fields: [{ field: 'valid', after: `${days} days` }, ...namesField(names)] }
      }
      const fields: FieldChange[] = []
      if (isUnknown(desired.request)) fields.push({ field: 'request', after: desired.request })
      else if (!current.certificate.startsWith(headingOf(desired.request))) {
        fields.push({ field: 'request', before: 'another', after: 'of the key as it is now' })
      }
      const before = subjectAltNames(current.certificate).filter(one => one !== '')
      const wanted = names.map(canonicalName)
      if ([...before].sort().join() !== [...wanted].sort().join()) {
        fields.push({ field: 'names', before: before.join(', '), after: wanted.join(', ') })
      }
      const ca = read(current.ca)
      if (ca !== undefined && !hasSigned(ca, certificate)) {
        fields.push({ field: 'signed by', before: 'another CA', after: 'this CA' })
      }
      const left = Math.floor((certificate.validToDate.getTime() - current.now) / day)
      if (left < renewDays) {
        fields.push({ field: 'valid', before: left < 0 ? 'expired' : `${left} days left`, after: `${days} days` })
      }
      return fields.length === 0 ? undefined : { action: 'update', fields }
    },
    converge: (_current, desired) => [
      {
        run: signScript({ folder, path, heading: headingOf(desired.request), usages, names, days }),
        stdin: desired.request,
        timeoutMs: 60_000,
      },
    ],
    output(current) {
      const certificate = pemToHandOn(current.certificate, 'CERTIFICATE')
      return certificate === undefined ? undefined : { certificate }
    },
  }
}

function read(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function namesField(names: readonly string[]): readonly FieldChange[] {
  return names.length === 0 ? [] : [{ field: 'names', after: names.join(', ') }]
}

// The first line of the file says which request it answers.
function headingOf(request: string): string {
  return `# request sha256 ${createHash('sha256').update(request).digest('hex')}\n`
}

interface Signing extends Pick<SignedCertificateParameters, 'folder' | 'usages' | 'names' | 'days'> {
  readonly path: string
  readonly heading: string
}

function signScript({ folder, path, heading, usages, names, days }: Signing): string {
  const san = names.map(name => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',')
  const extensions = [
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    `extendedKeyUsage=${usages.join(',')}`,
    'authorityKeyIdentifier=keyid',
    ...(san === '' ? [] : [`subjectAltName=${san}`]),
  ]
  return `umask 077
mkdir -p ${folder}/issued
work=$(mktemp -d ${folder}/issued/.signing.XXXXXX)
trap 'rm -rf "$work"' EXIT
cat >"$work/request"
cat >"$work/extensions" <<'EOF'
${extensions.join('\n')}
EOF
openssl x509 -req -in "$work/request" -CA ${folder}/ca.crt -CAkey ${folder}/ca.key -sha256 -days ${days} \\
  -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" -out "$work/certificate" 2>"$work/said" || {
  cat "$work/said" >&2
  exit 1
}
{ printf '%s\\n' ${quote(heading.trim())}; cat "$work/certificate"; } >"$work/whole"
chmod 644 "$work/whole"
${syncLine('"$work/whole"')}
mv -fT "$work/whole" ${quote(path)}
${syncLine(`${folder}/issued`)}
`
}
