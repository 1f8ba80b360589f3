import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import type { Secret } from '../../core/secret.ts'
import { syncLine } from '../../shell/on-disk.ts'
import {
  nextKeyFunction,
  type RotationCertificates,
  rotationFiles,
  rotationFolder,
  sameKeyFunction,
  toPlace,
  writeCertificates,
} from '../kubeadm/index.ts'
import { certificatesIn } from '../pki/index.ts'
import { certificateToHandOn, decodeFile, linesOf, printFile, refuse } from '../support/index.ts'
import { foreign } from './own-authorities.ts'

export interface HandedCaState {
  /** PEM; empty where there is none. */
  readonly former: string
  readonly next: string
  readonly cross: string
  /** `ca.crt` of the host. */
  readonly authorities: string
  /** Whether the key of the next CA is there, in whichever place. */
  readonly hasKey: boolean
}

export interface HandedCaDesired {
  readonly certificates: RotationCertificates
  /** Of the next CA. */
  readonly key: Secret
  /** The CAs of the cluster, PEM each; see ownAuthorities(). A host with another one is refused. */
  readonly authorities: readonly string[]
}

/** The files of a rotation on a control plane node other than the one that has made the next CA. Nothing reads them yet. */
export function handedCa(
  certificates: Output<RotationCertificates>,
  key: Output<Secret>,
  authorities: Output<readonly string[]>,
): Resource<HandedCaState, HandedCaDesired> {
  return {
    kind: 'CA rotation',
    name: 'next CA',
    title: 'next CA',
    probe: { script: probeScript, parse: parseState },
    desired: { certificates, key, authorities },
    diff(current, { certificates: wanted, authorities: own }): Change | undefined {
      const known = isUnknown(own) ? [] : [...own, ...(isUnknown(wanted) ? [] : [wanted.next])]
      const found = certificatesIn(current.authorities)
      const refused = known.length === 0 ? undefined : foreign('/etc/kubernetes/pki/ca.crt', found, known)
      if (refused !== undefined) return refuse(refused)
      // Without the former CA beside it, the next one is that of a rotation that has ended, which gives way.
      if (!isUnknown(wanted) && current.former !== '' && current.next !== '' && current.next !== wanted.next)
        return refuse(otherNext)
      if (current.hasKey && !isUnknown(wanted) && hasCertificates(current, wanted)) return undefined
      const { next } = current
      const field: FieldChange = {
        field: rotationFiles.nextCertificate,
        ...(next === '' ? {} : { before: 'without its key, or its cross certificate' }),
        after: 'the new CA, with its key',
      }
      return { action: next === '' ? 'create' : 'update', fields: [field] }
    },
    converge: (current, { certificates: wanted, key: secret }): readonly Step[] => [
      { run: hasCertificates(current, wanted) ? keyScript : handScript(wanted), stdin: secret, timeoutMs: 60_000 },
    ],
    explain: ({ stderr, stdout }) => ({
      problem: 'The new CA did not get to this host. Nothing of the cluster was changed.',
      actual: stderr.trim() || stdout.trim(),
    }),
  }
}

const { formerCertificate, formerKey, nextCertificate, nextKey, cross } = rotationFiles

const otherNext = {
  problem: 'This host has another CA to come than the one that has made it.',
  expected: `the same ${nextCertificate} on all control plane nodes`,
  next: `See which of them ca.crt has: evcctl certs status. Move ${rotationFolder} away where the other one is.`,
}

function hasCertificates(current: HandedCaState, { former, next, cross: crossed }: RotationCertificates): boolean {
  return current.former === former && current.next === next && current.cross === crossed
}

const probeScript = `${printFile('ca', '/etc/kubernetes/pki/ca.crt')}${printFile('former', formerCertificate)}${printFile('next', nextCertificate)}${printFile('cross', cross)}${nextKeyFunction}if next_key >/dev/null; then echo key=yes; fi
`

function parseState(raw: ProbeResult): HandedCaState {
  const file = (key: string) => decodeFile(linesOf(raw, key)[0])
  const text = (key: string) => certificateToHandOn(file(key)) ?? ''
  return {
    former: text('former'),
    next: text('next'),
    cross: text('cross'),
    authorities: file('ca'),
    hasKey: linesOf(raw, 'key').length > 0,
  }
}

// A node that has joined since the next CA signs does not have the key of the former one, and needs it no more.
function handScript(certificates: RotationCertificates): string {
  return `${toPlace.begin}trap 'rm -rf "$new"' EXIT
trap 'exit 143' HUP INT TERM
( umask 077; cat >"$new/next.key" )
${writeCertificates(certificates)}${sameKeyFunction}if ! same_key "$new/next.crt" "$new/next.key"; then
  echo 'the key that came is not that of the new CA' >&2
  exit 1
fi
if same_key "$new/former.crt" /etc/kubernetes/pki/ca.key; then cp -p /etc/kubernetes/pki/ca.key "$new/former.key"; fi
${toPlace.end}`
}

// The controller manager reads its files in the folder, so the folder stays in its place.
const keyScript = `${sameKeyFunction}umask 077
put() {
  ${syncLine('"$1.next"')}
  mv -fT "$1.next" "$1"
}
cat >${nextKey}.next
if ! same_key ${nextCertificate} ${nextKey}.next; then
  rm -f ${nextKey}.next
  echo 'the key that came is not that of the new CA' >&2
  exit 1
fi
if same_key ${formerCertificate} /etc/kubernetes/pki/ca.key; then
  cat /etc/kubernetes/pki/ca.key >${formerKey}.next
  put ${formerKey}
fi
put ${nextKey}
${syncLine(rotationFolder)}
`
