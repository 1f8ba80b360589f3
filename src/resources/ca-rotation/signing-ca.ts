import type { Change, FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { nextKeyFunction, rotationFiles, sameKeyFunction } from '../kubeadm/index.ts'
import { linesOf } from '../support/index.ts'

export interface SigningCaState {
  /** What still has the former CA, of the files that a CA signs with. */
  readonly former: readonly string[]
}

const pki = '/etc/kubernetes/pki'
const { formerCertificate, nextCertificate, signing } = rotationFiles

/**
 * The next CA signs on a control plane node: what kubeadm signs (it takes the first CA of `ca.crt`, and `ca.key`), and what the controller
 * manager signs, which reads its files again when they change. All nodes have to trust it before.
 */
export function signingCa(): Resource<SigningCaState, Record<never, never>> {
  return {
    kind: 'CA rotation',
    name: 'signing CA',
    title: 'signing CA',
    probe: { script: probeScript, parse: parseState },
    desired: {},
    diff({ former }): Change | undefined {
      if (former.length === 0) return undefined
      const fields = former.map((field): FieldChange => ({ field, before: 'the former CA', after: 'the new CA' }))
      return { action: 'update', fields, note: 'ca.crt keeps the former CA behind the new one' }
    },
    converge: (): readonly Step[] => [{ run: switchScript, timeoutMs: 60_000 }],
  }
}

// Its order tells which CA of ca.crt signs.
const inOrder = `cat ${nextCertificate} ${formerCertificate} 2>/dev/null | cmp -s - ${pki}/ca.crt`

const probeScript = `${sameKeyFunction}if ! same_key ${nextCertificate} ${pki}/ca.key; then echo 'former=${pki}/ca.key'; fi
if ! ${inOrder}; then echo 'former=${pki}/ca.crt'; fi
if ! cmp -s ${nextCertificate} ${signing}; then echo 'former=${signing}'; fi
`

function parseState(raw: ProbeResult): SigningCaState {
  return { former: linesOf(raw, 'former') }
}

// A controller manager that finds a key and a certificate that do not belong together goes on with the former ones, and looks again.
const switchScript = `${nextKeyFunction}next=$(next_key)
umask 077
replace() {
  chmod --reference="$1" "$1.next"
  ${syncLine('"$1.next"')}
  mv -fT "$1.next" "$1"
}
cat "$next" >${pki}/ca.key.next
cat ${nextCertificate} ${formerCertificate} >${pki}/ca.crt.next
cat ${nextCertificate} >${signing}.next
replace ${pki}/ca.key
replace ${pki}/ca.crt
replace ${signing}
${syncLine(`${pki} ${signing.slice(0, signing.lastIndexOf('/'))}`)}
`
