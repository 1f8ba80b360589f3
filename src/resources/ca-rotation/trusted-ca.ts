import type { X509Certificate } from 'node:crypto'
import type { ErrorDetails } from '../../core/error-details.ts'
import { isUnknown, type Output, type Unknown } from '../../core/output.ts'
import type { Change, FieldChange, ProbeResult, Resolved, Resource, Step } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { apiAnswers, printText, recordProcesses, restartFormer, sameKeyFunction } from '../kubeadm/index.ts'
import { certificatesIn } from '../pki/index.ts'
import { decodeFile, linesOf, printFile, refuse } from '../support/index.ts'
import { acceptanceFunction } from './acceptance.ts'
import { foreign } from './own-authorities.ts'
import { markKubelet, printKubeletMark, restartKubelet, restartKubeletMs } from './restarted-kubelet.ts'
import { workFolder } from './work-folder.ts'

export interface TrustedCaParameters {
  /** Name of the node. */
  readonly node: string
  /** The CAs that it is to trust, PEM each, and no other. */
  readonly trusted: Output<readonly string[]>
  /** The CAs that the cluster has when the run begins, PEM each; see ownAuthorities(). A host with another one is refused. */
  readonly authorities: Output<readonly string[]>
  /** Those CAs in words, for the plan, e.g. `the former and the new CA`. */
  readonly words: string
  /** URL of the node's own API server; undefined: it is a worker. */
  readonly server?: string
  /** Whether the node has to become Ready. False if evcctl installs no pod network. */
  readonly ready: boolean
  /** Whether what runs on a control plane node is started again, so that none of it trusts any other CA. */
  readonly restarts: boolean
}

export interface TrustedCaDesired {
  readonly trusted: readonly string[]
  readonly authorities: readonly string[]
}

export interface TrustedCaState {
  /** Each file of CAs, and each kubeconfig with its CAs; undefined: a kubeconfig without CA data. */
  readonly files: ReadonlyMap<string, readonly X509Certificate[] | undefined>
  readonly hasOpenssl: boolean
  /** Whether a kubelet may run with files from before. */
  readonly formerKubelet: boolean
}

const kubernetes = '/etc/kubernetes'
const caFile = `${kubernetes}/pki/ca.crt`
const kubeconfigs = ['kubelet', 'admin', 'controller-manager', 'scheduler', 'super-admin'].map(
  name => `${kubernetes}/${name}.conf`,
)

/**
 * The CAs that a node trusts: in `ca.crt`, by which its API server and kubelet know their clients, and in the kubeconfigs of what runs on
 * it. The order in `ca.crt` matters to kubeadm alone: it signs by the first. The kubelet reads its kubeconfig when it starts, so it is started again; an API
 * server has to prove that it has taken the file up.
 */
export function trustedCa(parameters: TrustedCaParameters): Resource<TrustedCaState, TrustedCaDesired> {
  const { node, trusted, authorities, words, server, ready, restarts } = parameters
  return {
    kind: 'trusted CA',
    name: 'node',
    title: 'trusted CAs',
    probe: { script: probeScript, parse: parseState },
    desired: { trusted, authorities },
    diff(current, desired): Change | undefined {
      const refused = unfit(current, desired)
      if (refused !== undefined) return refuse(refused)
      const fields: FieldChange[] = others(current, desired.trusted).map(([field, blocks]) => ({
        field,
        before: blocks === undefined ? 'no CA in it' : countOf(blocks.length),
        after: words,
      }))
      if (current.formerKubelet) fields.push({ field: 'kubelet', before: 'runs with former files', after: 'restarted' })
      if (fields.length === 0) return undefined
      const note = `the kubelet starts again${restarts && server !== undefined ? ', and so do the controller manager and the scheduler' : ''}`
      return { action: 'update', fields, note }
    },
    converge(current, desired): readonly Step[] {
      const paths = others(current, desired.trusted).map(([path]) => path)
      const place = placeScript(desired.trusted, paths, restarts && server !== undefined)
      const own: readonly Step[] =
        server === undefined
          ? []
          : [
              {
                run: `${acceptanceFunction}takes_up ${quote(server)} ${restarts ? 'former' : 'next'}\n`,
                timeoutMs: 180_000,
              },
              ...(restarts ? [{ run: restartFormer, timeoutMs: 600_000 }] : []),
              apiAnswers(server),
            ]
      return [{ run: place }, ...own, { run: restartKubelet(node, ready), timeoutMs: restartKubeletMs }]
    },
    explain: ({ stderr, stdout }) => ({
      problem: 'This node does not work with what it is to trust, or does not show that it does.',
      actual: stderr.trim() || stdout.trim(),
      next: 'No other node has changed since. When it is fixed, run the same command again.',
    }),
  }
}

const probeScript = `${printFile('ca', caFile)}for file in ${kubeconfigs.join(' ')}; do
  if [ -s "$file" ]; then
    printf 'kubeconfig=%s %s\\n' "$file" "$(sed -n 's/^ *certificate-authority-data: *//p' "$file" | head -n 1)"
  fi
done
if command -v openssl >/dev/null; then echo openssl=yes; fi
${printKubeletMark}`

function parseState(raw: ProbeResult): TrustedCaState {
  const files = new Map<string, readonly X509Certificate[] | undefined>()
  files.set(caFile, certificatesIn(decodeFile(linesOf(raw, 'ca')[0])))
  for (const line of linesOf(raw, 'kubeconfig')) {
    const [path = '', data = ''] = line.split(' ')
    if (kubeconfigs.includes(path)) files.set(path, data === '' ? undefined : certificatesIn(decodeFile(data)))
  }
  const says = (key: string) => linesOf(raw, key).length > 0
  return { files, hasOpenssl: says('openssl'), formerKubelet: says('kubelet') }
}

/** The files that do not have these CAs, or also have others; all of them as long as the CAs are not known. */
function others({ files }: TrustedCaState, trusted: readonly string[] | Unknown) {
  if (isUnknown(trusted)) return [...files]
  const wanted = printsOf(certificatesIn(trusted.join('\n')))
  return [...files].filter(([, blocks]) => blocks === undefined || printsOf(blocks) !== wanted)
}

function printsOf(certificates: readonly X509Certificate[]): string {
  return certificates
    .map(({ fingerprint256 }) => fingerprint256)
    .sort()
    .join()
}

/** Why a host cannot take part, which a plan has to say: later it would be half-way. */
function unfit(
  { files, hasOpenssl }: TrustedCaState,
  { trusted, authorities }: Resolved<TrustedCaDesired>,
): ErrorDetails | undefined {
  if (!hasOpenssl)
    return {
      problem: 'This host has no openssl, which a rotation of the CA needs on every node.',
      next: 'Name it in spec.os.packages.extra of cluster.yaml, and run: evcctl apply',
    }
  const [nameless] = [...files].find(([, found]) => found === undefined) ?? []
  if (nameless !== undefined)
    return {
      problem: `${nameless} names its CA in another way than kubeadm does, so none can be added to it.`,
      expected: 'certificate-authority-data',
      next: 'Put the CA into it, as kubeadm does: kubectl config set-cluster --embed-certs',
    }
  if (isUnknown(authorities)) return undefined
  const known = [...authorities, ...(isUnknown(trusted) ? [] : trusted)]
  for (const [path, found = []] of files) {
    const refused = foreign(path, found, known)
    if (refused !== undefined) return refused
  }
  return undefined
}

function countOf(number: number): string {
  return number === 1 ? 'one CA' : `${number} CAs`
}

// The order matters for ca.crt alone: kubeadm signs by its first CA and ca.key, which is another one as soon as the next CA signs. A worker
// has no key, and a file that has all is left as it is.
function placeScript(trusted: readonly string[], files: readonly string[], records: boolean): string {
  const bundle = trusted.map(pem => `${pem.trimEnd()}\n`)
  const each = bundle.map((pem, at) => `${printText(pem)} >"$work/ca-${at}"\n`).join('')
  const ofCas = files.includes(caFile)
    ? `${sameKeyFunction}${each}signing=
for one in "$work"/ca-*; do
  if same_key "$one" ${kubernetes}/pki/ca.key; then signing=$one; fi
done
if [ -n "$signing" ]; then cat "$signing"; fi >${caFile}.next
for one in "$work"/ca-*; do
  if [ "$one" != "$signing" ]; then cat "$one"; fi
done >>${caFile}.next
replace ${caFile}
`
    : ''
  const kubeconfigFiles = files.filter(path => path !== caFile)
  return `${workFolder('trusted-ca')}${printText(bundle.join(''))} >"$work/trusted"
trusted=$(base64 -w 0 <"$work/trusted")
replace() {
  chmod --reference="$1" "$1.next"
  chown --reference="$1" "$1.next"
  ${syncLine('"$1.next"')}
  mv -fT "$1.next" "$1"
}
${markKubelet}${records ? recordProcesses : ''}for file in ${kubeconfigFiles.join(' ')}; do
  cp -p "$file" "$file.next"
  sed -i "s|^\\( *certificate-authority-data: \\).*|\\1$trusted|" "$file.next"
  replace "$file"
done
${ofCas}${syncLine(`${kubernetes} ${kubernetes}/pki`)}
`
}
