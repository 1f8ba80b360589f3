import type { Step } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl, rolloutMs, rolloutScript } from '../api/index.ts'
import { retried } from '../support/index.ts'
import { apiReady, kubeadmApi } from './api-access.ts'
import { markProxy, unmarkProxy } from './cluster-record.ts'
import { finishRenewal } from './renewed-certificates.ts'
import { finishServingCertificate, servingCertificateScript } from './serving-certificate.ts'
import { forgetFormer, recoverManifests, swapManifestsScript } from './swap-manifests.ts'
import { type Upgrade, type UpgradeOrder, upgradeSteps } from './version-change.ts'

/** The parts of an existing cluster's configuration that must be written again. */
export interface ChangeableParts {
  readonly controlPlane: boolean
  /** Undefined if the static pods keep their version. */
  readonly upgrade?: Upgrade
  /** Whether manifests were edited by hand. The API server may then not work until they are recreated. */
  readonly edited: boolean
  /** Whether the API did not answer when it was read. It may need the change of the control plane to answer. */
  readonly silent?: boolean
  readonly certificate: boolean
  readonly kubelet: boolean
  readonly kubeProxy: boolean
  /** Whether to write the ConfigMap kubeadm-config. That is done once for the cluster, not on every node. */
  readonly upload: boolean
}

/** How long an API server may take until it is ready, ms. */
const apiMs = 300_000

/** A step that waits until the API server of this node, at the URL `server`, is ready. */
export function apiAnswers(server: string): Step {
  return {
    until: { script: apiReady(quote(server)), parse: raw => raw.exitCode === 0 },
    what: 'the API server is ready',
    everyMs: 1000,
    timeoutMs: apiMs,
  }
}

/**
 * A step that waits in the same way before the static pods of this node are changed. If its API server does not answer, it may be because
 * of what this change is to repair, and other API servers may take the writes until then.
 */
function apiAnswersIfItCan(server: string): Step {
  const seconds = apiMs / 1000
  return {
    run: `end=$(( $(date +%s) + ${seconds} ))
until ${apiReady(quote(server))}; do
  if [ "$(date +%s)" -ge "$end" ]; then
    echo 'the API server of this node does not answer before its change'
    break
  fi
  sleep 1
done
`,
    timeoutMs: apiMs + 60_000,
  }
}

/** Puts back the manifests if a change of the control plane was interrupted, and waits for the API server. */
export function recoverySteps(server: string): readonly Step[] {
  return [recovery, apiAnswers(server)]
}

/**
 * The step that puts back the manifests, if a change of the control plane was interrupted. It needs no API server: after a power cut none
 * may run until the manifests are back, and the kubelet with them.
 */
export const recovery: Step = {
  run: `${recoverManifests}${finishServingCertificate}${finishRenewal}if ! systemctl is-active --quiet kubelet; then
  echo 'starting the kubelet, which runs the static pods'
  systemctl start kubelet || :
fi
`,
}

/** A change of a standing cluster, on one of its control plane nodes. */
export interface ConfigurationChange extends UpgradeOrder {
  /** URL of this node's own API server. */
  readonly server: string
  readonly parts: ChangeableParts
  /**
   * Lines of sh that run before the first write to the API, and no earlier: only other arguments may let an API server take
   * writes. Default: none.
   */
  readonly begin?: string
  /** Record that the change has ended. */
  readonly end: readonly Step[]
}

/**
 * The steps that carry the documents of `configuration` over to a standing cluster. What the cluster remembers of its
 * control plane is written last, when that has come up. The manifests from before are kept until that is recorded: a change
 * that fails after its static pods came up counts as cut off.
 */
export function changeSteps({ configuration, store, server, parts, begin, end }: ConfigurationChange): readonly Step[] {
  const file = quote(configuration)
  const config = `--config ${file}`
  const { upgrade } = parts
  const swap = swapManifestsScript({
    configuration: file,
    ready: apiReady(quote(server)),
    etcd: upgrade?.etcd === true,
  })
  const controlPlane: readonly Step[] = [
    ...(upgrade === undefined ? [] : upgradeSteps({ configuration, store })),
    { run: swap, timeoutMs: 15 * 60_000 },
    apiAnswers(server),
  ]
  // Where nothing before it needs an API server, nothing waits for the one of this node: only this change may bring it up.
  const needsApi = !parts.silent && (parts.kubeProxy || parts.kubelet)
  const isFirst = parts.edited || (parts.controlPlane && !needsApi)
  const answers = parts.controlPlane && !isFirst ? apiAnswersIfItCan(server) : apiAnswers(server)
  const certificate: readonly Step[] = parts.certificate
    ? [{ run: servingCertificateScript(configuration), timeoutMs: 120_000 }]
    : []
  const steps: Step[] = isFirst ? [recovery, ...certificate, ...controlPlane] : [recovery, answers]
  let hasBegun = begin === undefined
  const record = (...more: readonly Step[]): void => {
    if (!hasBegun) steps.push({ run: begin ?? '' })
    hasBegun = true
    steps.push(...more)
  }
  // kube-proxy is rolled out by the controller manager, which a change of the control plane takes away for a while.
  // After an API server was replaced it refuses connections, or rights, for a moment.
  if (parts.kubeProxy) record(...kubeProxySteps(file, upgrade))
  if (parts.kubelet) record({ run: retried(`kubeadm init phase upload-config kubelet ${config}`) })
  if (parts.certificate && !isFirst) steps.push(...certificate, answers)
  if (parts.controlPlane && !isFirst) steps.push(...controlPlane)
  if (parts.upload) record({ run: retried(`kubeadm init phase upload-config kubeadm ${config}`) })
  record(...end)
  if (parts.controlPlane || parts.edited) steps.push({ run: forgetFormer })
  return steps
}

// A kube-proxy may not be newer than any API server, and gets its version when all of them have theirs.
function kubeProxySteps(config: string, upgrade: Upgrade | undefined): readonly Step[] {
  const pinned = '/run/evcctl-kubeadm.yaml'
  const pin = `umask 077\nsed 's/^kubernetesVersion: .*/kubernetesVersion: v${upgrade?.from}/' ${config} >${pinned}\n`
  const [before, file] = upgrade === undefined ? ['', config] : [pin, pinned]
  const restart = `${markProxy}${before}${retried(`kubeadm init phase addon kube-proxy --config ${file}`)}${kubectl(kubeadmApi, 30)} --namespace kube-system rollout restart daemonset kube-proxy
`
  return [
    { run: restart, timeoutMs: 360_000 },
    { run: rolloutScript(kubeadmApi, 'kube-system', 'kube-proxy'), timeoutMs: rolloutMs },
    { run: unmarkProxy },
  ]
}
