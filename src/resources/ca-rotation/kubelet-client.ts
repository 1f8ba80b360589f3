import { X509Certificate } from 'node:crypto'
import { isUnknown, type Output } from '../../core/output.ts'
import type { Change, FieldChange, ProbeResult, Resource, Step } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl } from '../api/index.ts'
import { kubeadmApi, printText } from '../kubeadm/index.ts'
import { kubeletClientPath, printNodeCertificate } from '../kubelet/index.ts'
import { isSignedBy } from '../pki/index.ts'
import { linesOf } from '../support/index.ts'
import { markKubelet, printKubeletMark, restartKubelet, restartKubeletMs } from './restarted-kubelet.ts'
import { workFolder } from './work-folder.ts'

export interface KubeletClientParameters {
  /** Name of the node. */
  readonly node: string
  /** The CA that has to have signed the certificate, PEM. */
  readonly ca: Output<string>
  /** `host:port` of the API as this node reaches it. */
  readonly endpoint: string
  /** Whether the node has to become Ready. False if evcctl installs no pod network. */
  readonly ready: boolean
}

export interface KubeletClientState {
  /** PEM of the kubelet's client certificate; empty where there is none. */
  readonly certificate: string
  /** Whether a kubelet may run with files from before. */
  readonly formerKubelet: boolean
}

/**
 * The client certificate of a node's kubelet is signed by a certain CA. Kubelets renew it themselves, months before it expires, so
 * nobody can wait for that. The API signs it, asked with the kubelet's own credentials, as it does for a kubelet. It is put in its place
 * only when it is by that CA and the API server takes it for the node's.
 */
export function kubeletClient({
  node,
  ca,
  endpoint,
  ready,
}: KubeletClientParameters): Resource<KubeletClientState, { readonly ca: string }> {
  return {
    kind: 'CA rotation',
    name: 'kubelet',
    title: 'client certificate of the kubelet',
    probe: { script: `${printNodeCertificate}${printKubeletMark}`, parse: parseState },
    desired: { ca },
    diff(current, desired): Change | undefined {
      const fields: FieldChange[] = []
      if (isUnknown(desired.ca) || !isBy(current, desired.ca))
        fields.push({ field: kubeletClientPath, before: 'signed by the former CA', after: 'signed by the new CA' })
      if (current.formerKubelet) fields.push({ field: 'kubelet', before: 'runs with former files', after: 'restarted' })
      if (fields.length === 0) return undefined
      return { action: 'update', fields, note: 'the API signs it; the kubelet starts again' }
    },
    converge(current, desired): readonly Step[] {
      const sign = { run: signScript(node, endpoint, desired.ca), timeoutMs: 300_000 }
      return [
        ...(isBy(current, desired.ca) ? [] : [sign]),
        { run: restartKubelet(node, ready), timeoutMs: restartKubeletMs },
      ]
    },
    explain: ({ stderr, stdout }) => ({
      problem: `The kubelet of ${node} has no certificate by the new CA yet, or does not work with it.`,
      actual: stderr.trim() || stdout.trim(),
      next: 'Is the request approved and signed? kubectl get csr. When it is fixed, run the same command again.',
    }),
  }
}

function parseState(raw: ProbeResult): KubeletClientState {
  const certificate = linesOf(raw, 'nodeCertificate').join('\n')
  return { certificate, formerKubelet: linesOf(raw, 'kubelet').length > 0 }
}

function isBy({ certificate }: KubeletClientState, ca: string): boolean {
  try {
    return isSignedBy(new X509Certificate(certificate), new X509Certificate(ca))
  } catch {
    return false
  }
}

const pki = kubeletClientPath.slice(0, kubeletClientPath.lastIndexOf('/'))

/** How long the controller managers may take until each signs with the new CA, s. They look at their files once a minute. */
const signingSeconds = 200

// A controller manager that has not read the new CA yet signs with the former one: then another request is made. Old requests are
// deleted by the controller manager. The name is that of a file which kubelets write, with its date.
function signScript(node: string, endpoint: string, ca: string): string {
  const api = kubectl(kubeadmApi, 10, kubeadmApi.kubeletConf)
  return `umask 077
${workFolder('kubelet-client')}rm -f ${pki}/kubelet-client-*.pem.next
${printText(ca)} >"$work/ca"
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key" 2>/dev/null
openssl req -new -key "$work/key" -sha256 -subj ${quote(`/O=system:nodes/CN=system:node:${node}`)} -out "$work/request"
end=$(( $(date +%s) + ${signingSeconds} ))
late() {
  if [ "$(date +%s)" -lt "$end" ]; then return 1; fi
  printf '%s\\n' "$1" >&2
}
while :; do
  name=${quote(`evcctl-${node}-`)}$(openssl rand -hex 6)
  until ${api} create -f - >"$work/said" 2>&1 <<END
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  name: $name
spec:
  request: $(base64 -w 0 <"$work/request")
  signerName: kubernetes.io/kube-apiserver-client-kubelet
  usages: [digital signature, client auth]
END
  do
    if late "$(cat "$work/said")"; then exit 1; fi
    sleep 1
  done
  echo "waiting until $name is signed"
  signed=
  while [ -z "$signed" ]; do
    signed=$(${api} get csr "$name" -o 'jsonpath={.status.certificate}' 2>"$work/said") || :
    if [ -z "$signed" ]; then
      if late "nobody has signed the request $name $(cat "$work/said")"; then exit 1; fi
      sleep 0.5
    fi
  done
  printf '%s' "$signed" | base64 -d >"$work/certificate"
  if openssl verify -CAfile "$work/ca" "$work/certificate" >/dev/null 2>&1; then break; fi
  if late 'the controller manager still signs with the former CA'; then exit 1; fi
  echo 'waiting until the controller manager signs with the new CA'
  sleep 5
done
cat "$work/certificate" "$work/key" >"$work/pair"
until code=$(curl -q --silent --noproxy '*' --max-time 5 --output /dev/null --write-out '%{http_code}' --cacert ${kubeadmApi.ca} \\
    --cert "$work/pair" ${quote(`https://${endpoint}/api/v1/nodes/${node}`)}) && [ "$code" = 200 ]; do
  if late "the API server answers $code to the kubelet with its new certificate"; then exit 1; fi
  sleep 1
done
pair=${pki}/kubelet-client-$(date -u +%Y-%m-%d-%H-%M-%S).pem
cat "$work/pair" >"$pair.next"
${syncLine('"$pair.next"')}
${markKubelet}mv -fT "$pair.next" "$pair"
ln -sfn "$pair" ${kubeletClientPath}.next
mv -fT ${kubeletClientPath}.next ${kubeletClientPath}
${syncLine(pki)}
`
}
