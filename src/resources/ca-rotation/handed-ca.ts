import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import type { Secret } from '../../core/secret.ts'
import {
  type RotationCertificates,
  rotationFiles,
  sameKeyFunction,
  toPlace,
  writeCertificates,
} from '../kubeadm/index.ts'
import { decodeFile, linesOf, printFile } from '../support/index.ts'

export interface HandedCaState {
  /** PEM; empty where there is none. */
  readonly former: string
  readonly next: string
  readonly cross: string
  /** Whether the key of the next CA is there, and belongs to it. */
  readonly hasKey: boolean
}

export interface HandedCaDesired {
  readonly certificates: RotationCertificates
  /** Of the next CA. */
  readonly key: Secret
}

/** The files of a rotation on a control plane node other than the one that has made the next CA. Nothing reads them yet. */
export function handedCa(
  certificates: Output<RotationCertificates>,
  key: Output<Secret>,
): Resource<HandedCaState, HandedCaDesired> {
  return {
    kind: 'CA rotation',
    name: 'next CA',
    title: 'next CA',
    probe: { script: probeScript, parse: parseState },
    desired: { certificates, key },
    diff(current, { certificates: wanted }): Change | undefined {
      const isThere = current.hasKey && current.former !== ''
      const { next } = current
      if (isThere && !isUnknown(wanted) && next === wanted.next && current.cross === wanted.cross) return undefined
      const field: FieldChange = {
        field: rotationFiles.nextCertificate,
        ...(next === '' ? {} : { before: 'another' }),
        after: 'the new CA, with its key',
      }
      return { action: next === '' ? 'create' : 'update', fields: [field] }
    },
    converge: (_current, { certificates: wanted, key: secret }): readonly Step[] => [
      { run: handScript(wanted), stdin: secret, timeoutMs: 60_000 },
    ],
    explain: ({ stderr, stdout }) => ({
      problem: 'The new CA did not get to this host. Nothing of the cluster was changed.',
      actual: stderr.trim() || stdout.trim(),
    }),
  }
}

const { formerCertificate, nextCertificate, nextKey, cross } = rotationFiles

const probeScript = `${printFile('former', formerCertificate)}${printFile('next', nextCertificate)}${printFile('cross', cross)}${sameKeyFunction}if same_key ${nextCertificate} ${nextKey}; then echo key=yes; fi
`

function parseState(raw: ProbeResult): HandedCaState {
  const text = (key: string) => decodeFile(linesOf(raw, key)[0])
  return {
    former: text('former'),
    next: text('next'),
    cross: text('cross'),
    hasKey: linesOf(raw, 'key').length > 0,
  }
}

// A node that has joined since the next CA signs does not have the key of the former one, and needs it no more.
function handScript(certificates: RotationCertificates): string {
  return `${toPlace.begin}( umask 077; cat >"$new/next.key" )
${writeCertificates(certificates)}${sameKeyFunction}if ! same_key "$new/next.crt" "$new/next.key"; then
  echo 'the key that came is not that of the new CA' >&2
  exit 1
fi
if same_key "$new/former.crt" /etc/kubernetes/pki/ca.key; then cp -p /etc/kubernetes/pki/ca.key "$new/former.key"; fi
${toPlace.end}`
}
