import type { Resource } from '../../core/resource.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { stateFolder } from '../support/index.ts'
import { type KeptUnit, systemdUnit, type UnitDesired, type UnitHealth, type UnitState } from '../systemd/index.ts'
import { certainEnds, kubeletEndedFunction } from './evidence.ts'
import { kubeletConfigPath, kubeletFlagsPath, kubeletUnit, kubeletWatches } from './files.ts'
import type { NodeService } from './node-ready.ts'

/** See NodeService. */
export const kubeletUnproven = '/var/lib/evcctl/kubelet.unproven'

// Setting of the kubelet, the flag that goes before it, and where the kubelet keeps what it did under that policy. With a
// file of another policy it does not start. https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/
// ("Changing the CPU manager policy") and .../memory-manager/ want it removed while the kubelet is stopped.
const policies = [
  ['cpuManagerPolicy', 'cpu-manager-policy', '/var/lib/kubelet/cpu_manager_state'],
  ['memoryManagerPolicy', 'memory-manager-policy', '/var/lib/kubelet/memory_manager_state'],
] as const

/** Settings of the kubelet whose change requires that a state file is removed. */
export const statePolicies: readonly string[] = policies.map(([setting]) => setting)

const functions = `${kubeletEndedFunction}setting() { sed -n "s/^$1: *//p" ${kubeletConfigPath} | tr -d "\\"'" | head -n 1; }
forget_policy() {
  if [ ! -s "$3" ] || grep -qs -e "--$2" ${kubeletFlagsPath} /etc/default/kubelet; then return 0; fi
  wanted=$(setting "$1" | tr '[:upper:]' '[:lower:]')
  kept=$(sed -n 's/.*"policyName":"\\([^"]*\\)".*/\\1/p' "$3" | tr '[:upper:]' '[:lower:]')
  if [ "\${wanted:-none}" != "$kept" ]; then rm -f "$3"; fi
}
start_kubelet() {
${policies.map(words => `  forget_policy ${words.join(' ')}\n`).join('')}  date -u '+%s %Y-%m-%dT%H:%M:%SZ' >${kubeletUnproven}.next
  ${syncLine(`${kubeletUnproven}.next`)}
  mv -fT ${kubeletUnproven}.next ${kubeletUnproven}
  ${syncLine(stateFolder)}
  systemctl start -- ${kubeletUnit}
}
kubelet_works() {
  port=$(setting healthzPort) address=$(setting healthzBindAddress)
  if [ "$port" = 0 ]; then return 0; fi
  case $address in *:*) address="[$address]";; esac
  curl -q --silent --fail --noproxy '*' --max-time 2 --output /dev/null "http://\${address:-127.0.0.1}:\${port:-10248}/healthz"
}
`

/** How the kubelet is started and watched. */
export const kubeletHealth: UnitHealth = {
  functions,
  start: 'start_kubelet',
  works: 'kubelet_works',
  hopeless: `kubelet_ended "$begun" ${certainEnds} >/dev/null`,
  complaint: 'kubelet_ended "$begun" 1',
}

/** The kubelet as a unit of its own. */
export const kubeletOwnService: NodeService = {
  unit: kubeletUnit,
  health: kubeletHealth,
  unproven: kubeletUnproven,
  version: '/usr/local/bin/kubelet --version',
  provenVersion: '/var/lib/evcctl/kubelet.version',
}

/**
 * The systemd unit of a node's kubelet. It is restarted when its files or the container runtime differ from those it was
 * started with. If it does not run with new files, all units of `kept` get their former files; the kubelet is the last.
 * `beforeRestart`: lines of sh that come before a restart.
 */
export function kubeletService(kept: readonly KeptUnit[], beforeRestart?: string): Resource<UnitState, UnitDesired> {
  return systemdUnit({
    unit: kubeletUnit,
    state: 'running',
    enabled: true,
    watches: kept.at(-1)?.watches ?? kubeletWatches,
    trial: { kept, health: kubeletHealth },
    ...(beforeRestart === undefined ? {} : { beforeRestart }),
  })
}
