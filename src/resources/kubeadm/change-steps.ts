import type { Step } from '../../core/resource.ts'
import { clearMark, setMark, syncLine, syncTreeLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { kubectl, rolloutMs, rolloutScript } from '../api/index.ts'
import { cannotStartFunction, kubeletFailureScript } from '../kubelet/index.ts'
import { retried } from '../support/index.ts'
import { kubeadmApi } from './api-access.ts'
import { markProxy, unmarkProxy } from './cluster-record.ts'
import { changeMarks, formerManifests } from './configuration-state.ts'
import { finishServingCertificate, servingCertificateScript } from './serving-certificate.ts'
import { withStandIn } from './stand-in.ts'
import { controlPlaneComponents, manifestFolder, manifestFunction, noteManifests, sameManifest } from './static-pods.ts'

/** The parts of an existing cluster's configuration that must be written again. */
export interface ChangeableParts {
  readonly controlPlane: boolean
  /** Whether manifests were edited by hand. The API server may then not work until they are recreated. */
  readonly edited: boolean
  readonly certificate: boolean
  readonly kubelet: boolean
  readonly kubeProxy: boolean
  /** Whether to write the ConfigMap kubeadm-config. That is done once for the cluster, not on every node. */
  readonly upload: boolean
}

// Asks the API server of this node. At the endpoint in admin.conf, any API server of the cluster may answer.
function ready(server: string): string {
  return `${kubectl(kubeadmApi, 5)} --server=${quote(server)} get --raw /readyz >/dev/null 2>&1`
}

function apiAnswers(server: string): Step {
  return {
    until: { script: ready(server), parse: raw => raw.exitCode === 0 },
    what: 'the API server is ready',
    everyMs: 1000,
    timeoutMs: 300_000,
  }
}

const manifestsMark = changeMarks['control plane']
// The mark is removed first: without it, the rest of the folder has no meaning.
const forgetFormer = `${clearMark(manifestsMark)}rm -rf ${formerManifests}`

// This folder is on the same disk as the manifests, and the kubelet does not read it.
const newManifests = '/etc/kubernetes/evcctl-manifests'

// The kubelet ignores files whose names begin with a dot. A manifest that was not there before the change goes again, so that
// it is seen to be missing.
const putBackManifests = `for former in ${formerManifests}/*.yaml; do
  next=${manifestFolder}/.\${former##*/}.evcctl
  cp -p "$former" "$next"
  ${syncLine('"$next"')}
  mv -fT "$next" ${manifestFolder}/"\${former##*/}"
done
for component in ${controlPlaneComponents.join(' ')}; do
  if [ ! -e ${formerManifests}/"$component.yaml" ]; then rm -f ${manifestFolder}/"$component.yaml"; fi
done`

/** Puts back the manifests if a change of the control plane was interrupted, and waits for the API server. */
export function recoverySteps(server: string): readonly Step[] {
  return [recovery, apiAnswers(server)]
}

// The step needs no API server: after a power cut none may run until the manifests are back.
const recovery: Step = {
  run: `if [ -e ${manifestsMark} ]; then
  echo 'putting back the manifests from before a change that was cut off'
  ${putBackManifests.replaceAll('\n', '\n  ')}
  ${forgetFormer.replaceAll('\n', '\n  ')}
fi
rm -rf ${newManifests}
${finishServingCertificate}`,
}

/** A change of a standing cluster, on one of its control plane nodes. */
export interface ConfigurationChange {
  /** File on the host with the kubeadm documents that are wanted. */
  readonly configuration: string
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
export function changeSteps({ configuration, server, parts, begin, end }: ConfigurationChange): readonly Step[] {
  const config = `--config ${quote(configuration)}`
  const controlPlane = [{ run: controlPlaneScript(config, server), timeoutMs: 15 * 60_000 }, apiAnswers(server)]
  const steps: Step[] = parts.edited ? [recovery, ...controlPlane] : [...recoverySteps(server)]
  let hasBegun = begin === undefined
  const record = (...more: readonly Step[]): void => {
    if (!hasBegun) steps.push({ run: begin ?? '' })
    hasBegun = true
    steps.push(...more)
  }
  // kube-proxy is rolled out by the controller manager, which a change of the control plane takes away for a while.
  // After an API server was replaced it refuses connections, or rights, for a moment.
  if (parts.kubeProxy) record(...kubeProxySteps(config))
  if (parts.kubelet) record({ run: retried(`kubeadm init phase upload-config kubelet ${config}`) })
  if (parts.certificate)
    steps.push({ run: servingCertificateScript(configuration), timeoutMs: 120_000 }, apiAnswers(server))
  if (parts.controlPlane && !parts.edited) steps.push(...controlPlane)
  if (parts.upload) record({ run: retried(`kubeadm init phase upload-config kubeadm ${config}`) })
  record(...end)
  if (parts.controlPlane || parts.edited) steps.push({ run: forgetFormer })
  return steps
}

function kubeProxySteps(config: string): readonly Step[] {
  const restart = `${markProxy}${retried(`kubeadm init phase addon kube-proxy ${config}`)}${kubectl(kubeadmApi, 30)} --namespace kube-system rollout restart daemonset kube-proxy
`
  return [
    { run: restart, timeoutMs: 360_000 },
    { run: rolloutScript(kubeadmApi, 'kube-system', 'kube-proxy'), timeoutMs: rolloutMs },
    { run: unmarkProxy },
  ]
}

// If a component does not come up with its new arguments, it gets its old manifest back.
function controlPlaneScript(config: string, server: string): string {
  return `${kubeletFailureScript}${cannotStartFunction}${manifestFunction}manifests=${manifestFolder}
backup=${formerManifests}
${forgetFormer}
mkdir -p -m 0700 "$backup"
components='${controlPlaneComponents.join(' ')}'
# The command line of a program in a container begins with its name.
process_of() { grep -l -a -s -e "^\\(/.*/\\)\\{0,1\\}$1" /proc/[0-9]*/cmdline | head -n 1; }
for component in $components; do
  if [ -e "$manifests/$component.yaml" ]; then cp -p "$manifests/$component.yaml" "$backup/"; fi
  process_of "$component" >"$backup/$component.process" || :
done
# The mark may not outlive a power cut that the copies do not outlive.
sync
${setMark(manifestsMark)}healthy() {
  case $1 in
    kube-apiserver) ${ready(server)};;
    kube-controller-manager) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10257/healthz;;
    kube-scheduler) curl -q --silent --insecure --fail --max-time 5 --output /dev/null https://127.0.0.1:10259/healthz;;
  esac
}
rm -rf ${newManifests}
mkdir -m 0700 ${newManifests}
for former in "$manifests"/*.yaml; do
  if [ -e "$former" ]; then cp -p "$former" ${newManifests}/; fi
done
${withStandIn(newManifests, manifestFolder, `kubeadm init phase control-plane all ${config}`)}
${syncTreeLine(newManifests)}
for component in $components; do
  if [ -s ${newManifests}/"$component.yaml" ]; then mv -f ${newManifests}/"$component.yaml" "$manifests/"; fi
done
rm -rf ${newManifests}
for component in $components; do
  if ${sameManifest('"$manifests/$component.yaml"', '"$backup/$component.yaml"')}; then continue; fi
  echo "waiting for $component with its new arguments"
  end=$(( $(date +%s) + 240 ))
  until [ "$(process_of "$component")" != "$(cat "$backup/$component.process")" ] && healthy "$component"; do
    if [ "$(date +%s)" -ge "$end" ] || cannot_start "$component" ${manifestsMark}; then
      echo "$component does not come up with its new arguments; the old ones were put back" >&2
      evidence
      ${putBackManifests.replaceAll('\n', '\n      ')}
      ${forgetFormer.replaceAll('\n', '\n      ')}
      exit 1
    fi
    sleep 1
  done
done
${noteManifests}`
}
