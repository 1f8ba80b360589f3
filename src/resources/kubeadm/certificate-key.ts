import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import type { EphemeralDeclaration } from '../../core/scope.ts'
import { Secret } from '../../core/secret.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl } from '../api/index.ts'
import { retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { ephemeralLabel } from './ephemeral-values.ts'

/**
 * One certificate key for all control plane nodes that join in a run. kubeadm encrypts the cluster's CAs with it and
 * puts them into the Secret kubeadm-certs, where a joining node reads them. At the end of the run that Secret is deleted,
 * with the token by which kubeadm limits its life to two hours (kubeadm/app/phases/copycerts). `configuration` is the file
 * with the kubeadm documents on a control plane node.
 */
export function certificateKey(configuration: string): EphemeralDeclaration<Secret> {
  const secrets = `${kubectl(kubeadmApi)} --namespace kube-system`
  const owner = `${secrets} get secret kubeadm-certs --ignore-not-found -o jsonpath='{.metadata.ownerReferences[0].name}'`
  return {
    name: 'certificate key',
    // The API server refuses connections or rights for a moment after its start.
    run: `${retried(`kubeadm init phase upload-certs --upload-certs --config ${quote(configuration)}`, { pauseSeconds: 1 })}owner=$(${owner})
${secrets} label secret "$owner" ${ephemeralLabel}=certificate-key --overwrite >&2
`,
    parse: parseKey,
    revoke: () => `owner=$(${owner})
${secrets} delete secret kubeadm-certs --ignore-not-found
case $owner in bootstrap-token-*) ${secrets} delete secret "$owner" --ignore-not-found;; esac
`,
  }
}

function parseKey(raw: ProbeResult): Secret {
  const match = /^[0-9a-f]{64}$/m.exec(raw.stdout)
  if (raw.exitCode !== 0 || match === null) {
    throw new UserError({
      problem: 'kubeadm could not upload the certificates that a joining control plane node needs.',
      actual: raw.stderr.trim() || `exit code ${raw.exitCode}`,
      next: 'Check that the keys of the CAs are in /etc/kubernetes/pki on the first control plane node: without them no control plane node can join.',
    })
  }
  return new Secret(match[0], 'certificate key')
}
