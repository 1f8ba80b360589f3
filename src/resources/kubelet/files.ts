import { syncLine } from '../../shell/on-disk.ts'
import { stateFolder } from '../support/index.ts'
import { type KeptUnit, keepScript, startedFolder, statScript } from '../systemd/index.ts'

/** The systemd unit of the kubelet; kubeadm knows it by this name. */
export const kubeletUnit = 'kubelet.service'
export const kubeletUnitPath = `/etc/systemd/system/${kubeletUnit}`
export const kubeletPath = '/usr/local/bin/kubelet'
/** Written by kubeadm from the cluster's kubelet-config ConfigMap. */
export const kubeletConfigPath = '/var/lib/kubelet/config.yaml'
/** Flags of this node's kubelet, written by kubeadm when it becomes a node. */
export const kubeletFlagsPath = '/var/lib/kubelet/kubeadm-flags.env'
/**
 * Stands in the place of a drop-in of that name that the kubelet package of pkgs.k8s.io brings: it would have the unit run
 * the package's kubelet (systemd.unit(5): a file in /etc hides the one of the same name in /usr/lib).
 */
export const kubeletDropInPath = `/etc/systemd/system/${kubeletUnit}.d/10-kubeadm.conf`

/** How the kubelet logs into registries, whatever the runtime. A running one may know the earlier logins for five minutes. */
export const kubeletLoginsPath = '/var/lib/kubelet/config.json'

/** config.yaml as kubeadm wrote it last: what is different in it now was changed by somebody else. */
export const kubeletConfigCopy = '/var/lib/evcctl/kubelet-config.yaml'

/** The KubeletConfiguration document that evcctl made of config.yaml last. */
export const kubeletRecordPath = `${stateFolder}/kubelet-configuration.json`

// Written at each start of a container runtime: a kubelet that starts after it proves that it can work with it.
const runtimeUnits = ['containerd.service', 'crio.service', 'docker.service', 'cri-docker.service']

/** What the kubelet reads only when it starts. */
export const kubeletWatches: readonly string[] = [
  kubeletPath,
  kubeletUnitPath,
  kubeletDropInPath,
  kubeletConfigPath,
  kubeletFlagsPath,
  ...runtimeUnits.map(unit => `${startedFolder}/${unit}`),
]

/**
 * The kubelet with what it gets back when it does not come up with something new, and what tells how that was made.
 * `watches`: what it has to be restarted for besides kubeletWatches.
 */
export function keptKubelet(watches: readonly string[] = []): KeptUnit {
  return {
    unit: kubeletUnit,
    files: [
      kubeletUnitPath,
      kubeletDropInPath,
      kubeletConfigPath,
      kubeletFlagsPath,
      kubeletConfigCopy,
      kubeletRecordPath,
    ],
    watches: [...kubeletWatches, ...watches],
  }
}

/** Keeps the kubelet's files as they are, once the host has become a node with them. */
export const keepKubelet = keepScript([keptKubelet()])

/** Notes config.yaml as it is, right after kubeadm has written it. */
export const recordKubeletConfig = `cp ${kubeletConfigPath} ${kubeletConfigCopy}.next
${syncLine(`${kubeletConfigCopy}.next`)}
mv -fT ${kubeletConfigCopy}.next ${kubeletConfigCopy}
`

/** Notes that the kubelet, which kubeadm has just started, runs with these files: it needs no restart. */
export const recordKubeletStart = `${recordKubeletConfig}mkdir -p ${startedFolder}
{ ${statScript(kubeletWatches)}; } >${startedFolder}/${kubeletUnit}.next
mv -fT ${startedFolder}/${kubeletUnit}.next ${startedFolder}/${kubeletUnit}
`
