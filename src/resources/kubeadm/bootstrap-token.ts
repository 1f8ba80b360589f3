import { UserError } from '../../core/errors.ts'
import type { ProbeResult } from '../../core/resource.ts'
import type { EphemeralDeclaration } from '../../core/scope.ts'
import { Secret } from '../../core/secret.ts'
import { kubectl } from '../api/index.ts'
import { retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { tokenDescription } from './ephemeral-values.ts'

/** A bootstrap token of kubeadm: `id.secret`. The id alone is public. */
export interface BootstrapToken {
  readonly id: string
  readonly token: Secret
}

/**
 * One bootstrap token for all joins of a run, created by kubeadm on the host (it is never in argv). The run deletes it at
 * its end; if the run is killed, the next one does. It expires after 6 hours, because a host may join late in a run over
 * slow lines.
 */
export function bootstrapToken(): EphemeralDeclaration<BootstrapToken> {
  const kubeadm = `kubeadm --kubeconfig ${kubeadmApi.adminConf} token`
  return {
    name: 'bootstrap token',
    // The API server refuses connections or rights for a moment after its start. Until the controller manager has signed
    // cluster-info for the token, kubeadm join does not find it there, and asks again only after 5 s.
    run: `${retried(`token=$(${kubeadm} create --ttl 6h --description '${tokenDescription}')`, { pauseSeconds: 1 })}tries=0
until [ -n "$(${kubectl(kubeadmApi, 5)} --namespace kube-public get configmap cluster-info -o jsonpath="{.data.jws-kubeconfig-\${token%%.*}}" 2>/dev/null)" ] ||
  [ "$tries" -ge 60 ]; do
  tries=$(( tries + 1 ))
  sleep 0.5
done
printf '%s\\n' "$token"
`,
    parse: parseToken,
    revoke: value => `${kubeadm} delete ${value.id}\n`,
  }
}

function parseToken(raw: ProbeResult): BootstrapToken {
  const match = /^([a-z0-9]{6})\.[a-z0-9]{16}$/m.exec(raw.stdout)
  if (raw.exitCode !== 0 || match === null) {
    throw new UserError({
      problem: 'kubeadm could not create a bootstrap token.',
      actual: raw.stderr.trim() || `exit code ${raw.exitCode}`,
      next: 'Check that the API server answers. On the first control plane node: kubectl --kubeconfig /etc/kubernetes/admin.conf get nodes',
    })
  }
  return { id: match[1]!, token: new Secret(match[0], 'bootstrap token') }
}
