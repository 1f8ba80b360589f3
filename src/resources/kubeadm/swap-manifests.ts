import { clearMark, setMark, syncLine, syncTreeLine } from '../../shell/on-disk.ts'
import { cannotStartFunction, kubeletFailureScript } from '../kubelet/index.ts'
import { gateFunction, gateOfManifest } from './api-gate.ts'
import { etcdOrderFunction, etcdStays, formerEtcdFunction, keepNewerEtcd, refuseOlderEtcd } from './newer-etcd.ts'
import { processFunction } from './own-process.ts'
import { sparedFunction } from './spared-member.ts'
import { withStandIn } from './stand-in.ts'
import {
  controlPlaneComponents,
  formerManifests,
  manifestFolder,
  manifestFunction,
  formerMark as mark,
  noteManifests,
  sameManifest,
} from './static-pods.ts'

/** Lines of sh that forget the manifests from before a change. The mark goes first: without it, the rest has no meaning. */
export const forgetFormer = `${clearMark(mark)}rm -rf ${formerManifests}`

/** The folder with new manifests until they are in their places. It is on the same disk, and the kubelet does not read it. */
export const newManifests = '/etc/kubernetes/evcctl-manifests'
const newEtcd = `${newManifests}/etcd.yaml`

// The kubelet ignores files whose names begin with a dot. A manifest that was not there before the change goes again, so that
// it is seen to be missing.
const putBack = `for former in ${formerManifests}/*.yaml; do
  next=${manifestFolder}/.\${former##*/}.evcctl
  cp -p "$former" "$next"
  ${syncLine('"$next"')}
  mv -fT "$next" ${manifestFolder}/"\${former##*/}"
done
for component in ${controlPlaneComponents.join(' ')}; do
  if [ ! -e ${formerManifests}/"$component.yaml" ]; then rm -f ${manifestFolder}/"$component.yaml"; fi
done`

/**
 * A shell function `takes_out COMPONENT…`: takes manifests away, and waits up to 60 s until their pods have ended. Needs `processFunction`.
 *
 * A kubelet refuses to start a static pod as long as it has not finished the former one of the same name, and tries again only
 * after 10 to 15 s (backOffPeriod in pkg/kubelet/kubelet.go, jitter in pod_workers.go of k8s.io/kubernetes 1.36). It removes
 * the cgroup of a pod right before it is done with it (SyncTerminatedPod). The names of cgroups have the pod's UID, which for
 * a static pod is a hash of 32 digits. Where no process runs, its latest folder of logs has it.
 */
export const takeOutFunction = `takes_out() {
  pods=
  for component in "$@"; do
    process=$(process_of "$component")
    pod=$(sed -n 's|.*pod\\([0-9a-f]\\{32\\}\\).*|\\1|p' "/proc/$process/cgroup" 2>/dev/null | head -n 1)
    [ "$pod" ] || pod=$(ls -td /var/log/pods/kube-system_"$component"-* 2>/dev/null | sed -n 's/.*_\\([0-9a-f]\\{32\\}\\)$/\\1/p' | head -n 1)
    pods="$pods $pod"
    rm -f ${manifestFolder}/"$component.yaml"
  done
  end=$(( $(date +%s) + 60 ))
  for pod in $pods; do
    while [ -n "$(find /sys/fs/cgroup -type d -name "*pod$pod*" -print -quit 2>/dev/null)" ]; do
      if [ "$(date +%s)" -ge "$end" ] || ! systemctl is-active --quiet kubelet; then break; fi
      sleep 0.1
    done
  done
}
`

/** Lines of sh that put back the manifests from before a change that was cut off. They need no API server. */
export const recoverManifests = `if [ -e ${mark} ]; then
  echo 'putting back the manifests from before a change that was cut off'
${processFunction}${takeOutFunction}${formerEtcdFunction}  etcd_goes_back
  if etcd_stays; then echo '${etcdStays}'; fi
  ${putBack.replaceAll('\n', '\n  ')}
  ${gateFunction}  ${gateOfManifest(`${formerManifests}/kube-apiserver.yaml`)}
  ${forgetFormer.replaceAll('\n', '\n  ')}
fi
rm -rf ${newManifests}
`

export interface ManifestSwap {
  /** File on the host with the kubeadm documents. */
  readonly configuration: string
  /** A command of sh that succeeds when the API server of this node is ready. */
  readonly ready: string
  /** Whether the manifest of the stacked etcd is made again, too. */
  readonly etcd: boolean
}

/**
 * A script that makes the manifests of the control plane again and replaces those that describe another pod. The former pods
 * end before the new ones begin; etcd ends last and begins first, because an API server that ends without it waits for 30 s.
 * If a component does not come up, all get their former manifests back, and so they do if the script itself is ended;
 * but for an etcd of a newer minor that has written, which stays.
 */
export function swapManifestsScript({ configuration, ready, etcd }: ManifestSwap): string {
  const config = `--config ${configuration}`
  return `${kubeletFailureScript}${cannotStartFunction}${manifestFunction}manifests=${manifestFolder}
backup=${formerManifests}
${forgetFormer}
mkdir -p -m 0700 "$backup"
components='${controlPlaneComponents.join(' ')}'
${processFunction}${takeOutFunction}${etcd ? `${formerEtcdFunction}${etcdOrderFunction}` : ''}for component in ${etcd ? 'etcd ' : ''}$components; do
  if [ -e "$manifests/$component.yaml" ]; then cp -p "$manifests/$component.yaml" "$backup/"; fi
  process_of "$component" >"$backup/$component.process" || :
done
# The mark may not outlive a power cut that the copies do not outlive.
sync
${setMark(mark)}${gateFunction}healthy() {
  case $1 in
${etcd ? etcdHealth : ''}    kube-apiserver) ${ready};;
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
${etcd ? `${withStandIn(newManifests, manifestFolder, `kubeadm init phase etcd local ${config}`)}\n${refuseOlderEtcd(newEtcd)}\n` : ''}${syncTreeLine(newManifests)}
puts_in() {
  for component in "$@"; do
    if [ -s ${newManifests}/"$component.yaml" ]; then mv -f ${newManifests}/"$component.yaml" "$manifests/"; fi
  done
}
put_back() {
  ${putBack.replaceAll('\n', '\n  ')}
  # This script may be killed seconds after it is told to end, so the manifests come first.
  case " $changed " in *' kube-apiserver '*) ${gateOfManifest('"$backup/kube-apiserver.yaml"')} ;; esac
}
comes_up() {
  echo "waiting for $1 with its new arguments"
  end=$(( $(date +%s) + 240 ))
  until [ "$(process_of "$1")" != "$(cat "$backup/$1.process")" ] && healthy "$1"; do
    if [ "$(date +%s)" -ge "$end" ] || cannot_start "$1" ${mark}; then
${etcd ? '      etcd_goes_back\n' : ''}      echo "$1 does not come up with its new arguments; the old ones were put back" >&2
${etcd ? `      if etcd_stays; then echo '${etcdStays}' >&2; fi\n` : ''}      evidence
      put_back
      trap - EXIT
      ${forgetFormer.replaceAll('\n', '\n      ')}
      echo 'waiting for the API server with its old arguments'
      end=$(( $(date +%s) + 90 ))
      until healthy kube-apiserver || [ "$(date +%s)" -ge "$end" ]; do sleep 0.5; done
      exit 1
    fi
    sleep 0.2
  done
}
${etcd ? waitForOthers : ''}changed=
for component in $components; do
  if ${sameManifest(`${newManifests}/"$component.yaml"`, '"$backup/$component.yaml"')}; then puts_in "$component"; else changed="$changed $component"; fi
done
# No pod may be missing for longer than this script runs.
trap put_back EXIT
trap '' PIPE
trap 'exit 1' HUP INT TERM
takes_out $changed
${etcd ? etcdSwap : ''}case " $changed " in *' kube-apiserver '*) ${gateOfManifest(`${newManifests}/kube-apiserver.yaml`)} ;; esac
puts_in $changed
for component in $changed; do comes_up "$component"; done
trap - EXIT HUP INT TERM PIPE
rm -rf ${newManifests}
${noteManifests}`
}

const etcdPki = '/etc/kubernetes/pki/etcd'
const etcdHealth = `    etcd) curl -q --silent --fail --max-time 5 --output /dev/null --cacert ${etcdPki}/ca.crt --cert ${etcdPki}/healthcheck-client.crt --key ${etcdPki}/healthcheck-client.key https://127.0.0.1:2379/health;;
`

// Nothing has changed so far, so nothing is to be put back.
const waitForOthers = `${sparedFunction}if ! ${sameManifest(`${newManifests}/etcd.yaml`, '"$backup/etcd.yaml"')} && ! spared; then
  rm -rf ${newManifests}
  ${forgetFormer.replaceAll('\n', '\n  ')}
  exit 1
fi
`

const etcdSwap = `if ! ${sameManifest(`${newManifests}/etcd.yaml`, '"$backup/etcd.yaml"')}; then
  takes_out etcd
  ${keepNewerEtcd(newEtcd).replaceAll('\n', '\n  ')}
  puts_in etcd
  comes_up etcd
fi
`
