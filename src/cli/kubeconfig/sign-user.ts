import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { hasSigned, presentableText, type Session, UserError } from '../../core/index.ts'
import { type ApiAccess, kubectl } from '../../resources/api/index.ts'
import { clusterAuthorities } from '../../resources/pki/index.ts'
import type { AdminUser } from './admin-conf.ts'
import { signingRequest } from './signing-request.ts'
import type { UserRequest } from './user-flags.ts'

/** A user's own credentials, and when they end. */
export interface SignedUser {
  readonly user: Extract<AdminUser, { readonly 'client-key-data': string }>
  /** ms since the epoch. */
  readonly validTo: number
}

/** What a host may print, in characters: a certificate has some 1 KiB. */
const longest = 64 * 1024

/**
 * Has the cluster sign a certificate for a user, for a key that is made here and goes nowhere else. It asks the API, through a
 * control plane node: so the key of the CA is not touched, and the audit log has it. The request is deleted again. Throws
 * UserError with the reason if the cluster signs none, or another one than was asked for. `authority`: the cluster's CA, or
 * both while one replaces the other, PEM.
 */
export async function signUser(
  session: Session,
  { api, authority, request }: { readonly api: ApiAccess; readonly authority: string; readonly request: UserRequest },
  signal: AbortSignal,
): Promise<SignedUser> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const lines: string[] = []
  const stdin = manifestOf(signingRequest(request, pair), request.seconds)
  const { jobs } = await session.exchange(
    {
      jobs: [
        {
          steps: [{ run: signScript(api), stdin, timeoutMs: 90_000 }],
          verify: { script: ':', parse: () => undefined },
        },
      ],
      probes: [],
    },
    { signal, onOutput: (_job, line) => void lines.push(line) },
  )
  const failure = jobs[0]?.failure
  if (failure !== undefined)
    throw new UserError({
      where: session.host,
      problem: 'The cluster signed no certificate for this user.',
      actual: presentableText(failure.stderr.trim() || failure.stdout.trim()) || `exit code ${failure.exitCode}`,
      next: 'See whether the controller manager runs, which signs them: evcctl status',
    })
  const certificate = certificateIn(lines)
  const isFit =
    certificate?.checkPrivateKey(pair.privateKey) === true &&
    clusterAuthorities(authority).some(ca => hasSigned(ca, certificate)) &&
    // Node puts a backslash before characters that have a meaning in names.
    certificate.subject.replaceAll('\\', '').split('\n').includes(`CN=${request.user}`)
  if (certificate === undefined || !isFit)
    throw new UserError({
      where: session.host,
      problem: 'What the host gave is not the certificate that was asked for. Nothing was written.',
      expected: `a certificate of the cluster's CA for ${request.user}`,
    })
  const key = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  return {
    user: { 'client-certificate-data': base64(certificate.toString()), 'client-key-data': base64(key) },
    validTo: certificate.validToDate.getTime(),
  }
}

function manifestOf(request: string, seconds: number): string {
  return JSON.stringify({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { generateName: 'evcctl-user-' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      expirationSeconds: seconds,
      usages: ['client auth'],
    },
  })
}

// A request that is left by a script that was killed is deleted by the controller manager after an hour.
function signScript(api: ApiAccess): string {
  const ask = kubectl(api, 10)
  return `request=$(${ask} create --filename - --output name)
trap '${ask} delete "$request" >/dev/null 2>&1' EXIT
${ask} certificate approve "$request" >/dev/null
tries=0
until certificate=$(${ask} get "$request" --output 'jsonpath={.status.certificate}') && [ -n "$certificate" ]; do
  why=$(${ask} get "$request" --output 'jsonpath={.status.conditions[?(@.type=="Failed")].message}') || :
  tries=$(( tries + 1 ))
  if [ -n "$why" ] || [ "$tries" -ge 60 ]; then
    echo "\${why:-it is approved, and not signed within 30 s}" >&2
    exit 1
  fi
  sleep 0.5
done
echo "certificate=$certificate"
`
}

function certificateIn(lines: readonly string[]): X509Certificate | undefined {
  const line = lines.find(one => one.startsWith('certificate='))
  if (line === undefined || line.length > longest) return undefined
  try {
    return new X509Certificate(Buffer.from(line.slice('certificate='.length), 'base64'))
  } catch {
    return undefined
  }
}
