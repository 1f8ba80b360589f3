import { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import type { Change, ProbeResult, Resource, Step } from '../../core/resource.ts'
import type { EphemeralDeclaration } from '../../core/scope.ts'
import { Secret } from '../../core/secret.ts'
import { quote } from '../../shell/quote.ts'
import {
  type CrossCertificates,
  nextKeyFunction,
  type RotationCertificates,
  rotationFiles,
  toPlace,
} from '../kubeadm/index.ts'
import { certificateToHandOn, decodeFile, linesOf, printFile, refuse } from '../support/index.ts'

export interface MadeCaState {
  /** The certificates of the rotation that is under way; undefined: none is. */
  readonly made: RotationCertificates | undefined
  /** Whether a rotation is under way whose key is not on this node. */
  readonly lacksKey: boolean
  /** Whether the controller manager has files of its own. */
  readonly isApart: boolean
  /** The cluster's CAs, as they lie in `ca.crt`. */
  readonly authorities: string
  /** Whether the key of the CA is there, and belongs to it. */
  readonly key: 'missing' | 'of another' | 'its own'
  readonly hasOpenssl: boolean
  /** What openssl says of the extensions of the CA. */
  readonly extensions: string
  /** Whether the CA ends within two days, by the host's own clock. */
  readonly ends: boolean
}

const pki = '/etc/kubernetes/pki'

/**
 * The CA that takes the place of the cluster's, on the control plane node that makes it. Nothing reads it yet. kubeadm makes it, so
 * its kind of key and its life are those of the kubeadm documents in the file `configuration`. Gives the certificates to others;
 * the key is handed on by nextCaKey().
 */
export function madeCa(configuration: string): Resource<MadeCaState, Record<never, never>, RotationCertificates> {
  return {
    kind: 'CA rotation',
    name: 'next CA',
    title: 'next CA',
    probe: { script: probeScript, parse: parseState },
    desired: {},
    diff(current): Change | undefined {
      if (current.made !== undefined) return undefined
      const refused = impossible(current)
      const fields = [{ field: rotationFiles.nextCertificate, after: 'a new CA' }]
      if (refused !== undefined) return refuse(refused, ...fields)
      const note = 'with a cross certificate, by which whoever trusts only the former CA trusts the new one'
      return { action: 'create', fields, note }
    },
    converge: (): readonly Step[] => [{ run: makeScript(configuration), timeoutMs: 120_000 }],
    output: ({ made }) => made,
    explain: ({ stderr, stdout }) => ({
      problem: 'The new CA could not be made. Nothing of the cluster was changed.',
      actual: stderr.trim() || stdout.trim(),
    }),
  }
}

/** Reads the rotation that is under way on a control plane node, and never changes anything. */
export function rotationUnderWay(): Resource<MadeCaState, Record<never, never>, RotationCertificates> {
  const script = `if [ -s ${formerCertificate} ]; then
  ${printMade}fi
`
  return {
    ...madeCa('/dev/null'),
    name: 'under way',
    title: 'rotation of the CA',
    probe: { script, parse: parseState },
    diff: () => undefined,
    converge: () => [],
  }
}

/**
 * What a control plane node that joins is given: the certificates of the rotation that is under way, or what has stayed of the last one. Once
 * the former CA is being dropped, the controller manager has no files of its own any more.
 */
export function certificatesForJoin(): Resource<
  MadeCaState & { readonly stayed: CrossCertificates | undefined },
  Record<never, never>,
  CrossCertificates | RotationCertificates
> {
  const parse = (raw: ProbeResult) => {
    const { next, cross: crossed } = certificatesOf(raw)
    return { ...parseState(raw), stayed: next && crossed ? { next, cross: crossed } : undefined }
  }
  return {
    ...rotationUnderWay(),
    name: 'for those that join',
    probe: { script: printMade, parse },
    output: ({ made, stayed, isApart }) => (isApart ? made : stayed),
  }
}

/** The key of the next CA, for control plane nodes that do not have it yet. Runs where that CA was made. */
export function nextCaKey(): Omit<EphemeralDeclaration<Secret>, 'after'> {
  return {
    name: 'key of the next CA',
    run: `${nextKeyFunction}file=$(next_key)\ncat "$file"\n`,
    parse: ({ stdout }) => new Secret(stdout, 'key of the next CA'),
  }
}

const { formerCertificate, nextCertificate, cross, signing } = rotationFiles

const printMade = [
  printFile('former', formerCertificate),
  printFile('next', nextCertificate),
  printFile('cross', cross),
  printFile('signing', signing),
].join('  ')

const readExtensions = 'basicConstraints,nameConstraints,subjectKeyIdentifier'

const probeScript = `${printFile('authorities', `${pki}/ca.crt`)}${nextKeyFunction}if command -v openssl >/dev/null; then
  echo openssl=yes
  if [ ! -s ${pki}/ca.key ]; then echo key=missing
  elif same_key ${pki}/ca.crt ${pki}/ca.key; then echo 'key=its own'
  else echo 'key=of another'; fi
  printf 'extensions=%s\\n' "$(openssl x509 -in ${pki}/ca.crt -noout -ext ${readExtensions} 2>/dev/null | base64 -w 0)"
  openssl x509 -in ${pki}/ca.crt -noout -checkend 172800 >/dev/null 2>&1 || echo ends=yes
fi
if [ -s ${formerCertificate} ]; then
  if next_key >/dev/null; then
  ${printMade}else echo lacksKey=yes; fi
fi
`

function parseState(raw: ProbeResult): MadeCaState {
  const { former, next, cross: crossed, signing: signed = next } = certificatesOf(raw)
  const isMade = former !== undefined && next !== undefined && crossed !== undefined && signed !== undefined
  return {
    made: isMade ? { former, next, cross: crossed, signing: signed } : undefined,
    lacksKey: linesOf(raw, 'lacksKey').length > 0,
    isApart: linesOf(raw, 'signing').length > 0,
    authorities: decodeFile(linesOf(raw, 'authorities')[0]),
    key: (linesOf(raw, 'key')[0] ?? 'missing') as MadeCaState['key'],
    hasOpenssl: linesOf(raw, 'openssl').length > 0,
    extensions: decodeFile(linesOf(raw, 'extensions')[0]),
    ends: linesOf(raw, 'ends').length > 0,
  }
}

function certificatesOf(raw: ProbeResult): Partial<RotationCertificates> {
  const names = ['former', 'next', 'cross', 'signing'] as const
  return Object.fromEntries(
    names.flatMap(name => {
      const pem = certificateToHandOn(decodeFile(linesOf(raw, name)[0]))
      return pem === undefined ? [] : [[name, pem]]
    }),
  )
}

function impossible(current: MadeCaState): ErrorDetails | undefined {
  const { authorities, key, hasOpenssl } = current
  if (!hasOpenssl)
    return {
      problem: 'This host has no openssl, which makes the cross certificate.',
      next: 'Name it in spec.os.packages.extra of cluster.yaml, and run: evcctl apply',
    }
  if (current.lacksKey) return lost
  const found = authorities.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0
  if (found !== 1)
    return {
      problem: `${pki}/ca.crt does not have one CA alone. Either it is a CA below another one, or somebody has begun to replace it by hand.`,
      expected: 'one CA, which nobody else has signed',
      actual: `${found} certificates`,
      next: 'Which CAs they are: evcctl certs status. A replacement by hand has to be ended by hand.',
    }
  if (!isRoot(authorities))
    return {
      problem: `Another CA has signed the CA in ${pki}/ca.crt. evcctl replaces only a CA that nobody else has signed.`,
      next: `Have its owner sign a new one, and replace it by hand: ${byHand}`,
    }
  const form = unusualForm(current)
  if (form !== undefined)
    return {
      problem: `The CA in ${pki}/ca.crt ${form}, so a cross certificate by it would not be believed.`,
      expected: 'a CA as kubeadm makes it',
      next: `Replace it by hand: ${byHand}`,
    }
  if (key === 'its own') return undefined
  return {
    problem: `${key === 'missing' ? 'The key of the CA is missing' : 'The key there is not that of the CA'}, so nobody can sign the new CA with it: ${pki}/ca.key`,
    next: 'Restore it, or replace the CA by hand where its key is.',
  }
}

const lost: ErrorDetails = {
  problem:
    'A rotation of the CA is under way, and the key of the new CA is on no control plane node: those that had it have left.',
  expected: `${rotationFiles.nextKey} on one of them`,
  next: `Restore it from a backup of a node that has left. If there is none, the new CA has signed nothing yet, and another one can take its place: run this on every control plane node, then the same command again.
openssl x509 -in ${pki}/ca.crt -out ${pki}/ca.crt.next && mv ${pki}/ca.crt.next ${pki}/ca.crt && rm ${formerCertificate}`,
}

const byHand = 'https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/'

/** The elliptic curves that both Go and OpenSSL sign with in TLS. */
const curves: readonly unknown[] = ['prime256v1', 'secp384r1', 'secp521r1']

function unusualForm({ authorities, extensions, ends }: MadeCaState): string | undefined {
  if (ends) return 'has expired, or ends within two days'
  if (/pathlen: ?0\b/.test(extensions)) return 'may sign no other CA (path length 0)'
  if (extensions.includes('Name Constraints')) return 'is for certain names alone (name constraints)'
  if (!extensions.includes('Subject Key Identifier')) return 'has no key identifier'
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = new X509Certificate(authorities).publicKey
  if (type === 'rsa' || (type === 'ec' && curves.includes(details?.namedCurve))) return undefined
  return `has a key of another kind (${type === 'ec' ? details?.namedCurve : type})`
}

function isRoot(pem: string): boolean {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey)
  } catch {
    return false
  }
}

// openssl writes a subject as another type of string than kubeadm, and Go compares bytes: so it is taken from the next CA, as is its
// key identifier, which newer versions of Go compute in another way.
function makeScript(configuration: string): string {
  return `${toPlace.begin}trap 'rm -rf "$new"' EXIT
trap 'exit 143' HUP INT TERM
mkdir "$new/kubeadm"
( umask 077
  sed -e '/^certificatesDir:/d' -e "s|^kind: ClusterConfiguration$|&\\\\
certificatesDir: $new/kubeadm|" ${quote(configuration)} >"$new/kubeadm.yaml" )
kubeadm init phase certs ca --config "$new/kubeadm.yaml"
mv "$new/kubeadm/ca.key" "$new/next.key"
mv "$new/kubeadm/ca.crt" "$new/next.crt"
rm -rf "$new/kubeadm" "$new/kubeadm.yaml"
openssl x509 -in ${pki}/ca.crt -out "$new/former.crt"
cp -p ${pki}/ca.key "$new/former.key"
identifier=$(openssl x509 -in "$new/next.crt" -noout -ext subjectKeyIdentifier | sed -n 's/^ *\\([0-9A-F][0-9A-F:]*\\)$/\\1/p')
days=$(( ( $(date -d "$(openssl x509 -in "$new/former.crt" -noout -enddate | cut -d = -f 2)" +%s) - $(date +%s) ) / 86400 ))
if [ -z "$identifier" ] || [ "$days" -lt 1 ]; then
  echo "the former CA has expired, or the new one has no key identifier" >&2
  exit 1
fi
cat >"$new/extensions" <<END
basicConstraints=critical,CA:TRUE
keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign
subjectKeyIdentifier=$identifier
authorityKeyIdentifier=keyid
END
openssl x509 -x509toreq -in "$new/next.crt" -signkey "$new/next.key" -out "$new/request" 2>/dev/null
openssl x509 -req -in "$new/request" -CA "$new/former.crt" -CAkey "$new/former.key" -sha256 -days "$days" \\
  -set_serial "0x$(openssl rand -hex 8)" -extfile "$new/extensions" -out "$new/cross.crt" 2>"$new/said" || {
  cat "$new/said" >&2
  exit 1
}
# What the new CA signs is believed by those that trust the former one, or both.
cat "$new/former.crt" "$new/next.crt" >"$new/both"
printf 'extendedKeyUsage=serverAuth\\nauthorityKeyIdentifier=keyid\\n' >"$new/extensions"
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$new/leaf-key" -subj /CN=evcctl-ca-check -out "$new/request" 2>/dev/null
openssl x509 -req -in "$new/request" -CA "$new/next.crt" -CAkey "$new/next.key" -sha256 -days 1 \\
  -set_serial "0x$(openssl rand -hex 8)" -extfile "$new/extensions" -out "$new/leaf" 2>/dev/null
for trusted in former.crt both next.crt; do
  openssl verify -purpose sslserver -CAfile "$new/$trusted" -untrusted "$new/cross.crt" "$new/leaf" >"$new/said" 2>&1 || {
    echo "a certificate by the new CA is not believed by those that trust $trusted: $(cat "$new/said")" >&2
    exit 1
  }
done
rm -f "$new/extensions" "$new/request" "$new/said" "$new/both" "$new/leaf" "$new/leaf-key"
cp "$new/former.crt" "$new/signing.crt"
${toPlace.end}`
}
