import { syncLine } from '../../shell/on-disk.ts'
import { stateFolder } from '../support/index.ts'
import { type KeptUnit, keepScript, startedFolder, statScript } from '../systemd/index.ts'

/** The systemd unit of the kubelet; kubeadm knows it by this name. */
export const kubeletUnit = 'kubelet.service'
export const kubeletUnitPath = `/etc/systemd/system/${kubeletUnit}`
export const kubeletPath = '/usr/local/bin/kubelet'
/** Written by kubeadm from the cluster's kubelet-config ConfigMap. */
export const kubeletConfigPath = '/var/lib/kubelet/config.yaml'
/** Flags of this node's kubelet, written by kubeadm when it creates the node. */
export const kubeletFlagsPath = '/var/lib/kubelet/kubeadm-flags.env'
/**
 * A file in place of the drop-in of the same name in the kubelet package of pkgs.k8s.io. That drop-in would make the unit
 * run the package's kubelet (systemd.unit(5): a file in /etc hides the one of the same name in /usr/lib).
 */
export const kubeletDropInPath = `/etc/systemd/system/${kubeletUnit}.d/10-kubeadm.conf`

/** The kubelet's credentials for registries, with any runtime. A running kubelet may use the former ones for five minutes. */
export const kubeletLoginsPath = '/var/lib/kubelet/config.json'

/** config.yaml as kubeadm last wrote it: any difference to the current file is a change by somebody else. */
export const kubeletConfigCopy = '/var/lib/evcctl/kubelet-config.yaml'

/** The KubeletConfiguration document that evcctl last applied. */
export const kubeletRecordPath = `${stateFolder}/kubelet-configuration.json`

// This file is written at each start of a container runtime: a kubelet that starts later proves that it works with it.
const runtimeUnits = ['containerd.service', 'crio.service', 'docker.service', 'cri-docker.service']

/** Files that the kubelet reads only when it starts. */
export const kubeletWatches: readonly string[] = [
  kubeletPath,
  kubeletUnitPath,
  kubeletDropInPath,
  kubeletConfigPath,
  kubeletFlagsPath,
  ...runtimeUnits.map(unit => `${startedFolder}/${unit}`),
]

/**
 * The kubelet with the files that it gets back when it does not run with new ones, and with the records of these files.
 * `watches`: files that need a restart, in addition to kubeletWatches.
 */
export function keptKubelet(watches: readonly string[] = []): KeptUnit {
  return {
    unit: kubeletUnit,
    // They are put back in this order. The copy of config.yaml is the last one: if the script is killed before, it differs from
    // the file, which a plan shows. The record alone would not show a key that only the former file has.
    files: [
      kubeletUnitPath,
      kubeletDropInPath,
      kubeletConfigPath,
      kubeletFlagsPath,
      kubeletRecordPath,
      kubeletConfigCopy,
    ],
    watches: [...kubeletWatches, ...watches],
  }
}

/** Keeps copies of the kubelet's files, once the host has become a node with them. */
export const keepKubelet = keepScript([keptKubelet()])

/** The beginning of the first line of `kubeletConfigCopy`, which ends with the version of kubeadm that wrote the file. */
export const kubeletConfigWriter = '# kubeadm '

/** Records config.yaml right after kubeadm has written it. */
export const recordKubeletConfig = `{ printf '${kubeletConfigWriter}%s\\n' "$(kubeadm version -o short)"; cat ${kubeletConfigPath}; } >${kubeletConfigCopy}.next
${syncLine(`${kubeletConfigCopy}.next`)}
mv -fT ${kubeletConfigCopy}.next ${kubeletConfigCopy}
`

/** Records that the kubelet, which kubeadm has just started, runs with these files: it needs no restart. */
export const recordKubeletStart = `${recordKubeletConfig}mkdir -p ${startedFolder}
{ ${statScript(kubeletWatches)}; } >${startedFolder}/${kubeletUnit}.next
mv -fT ${startedFolder}/${kubeletUnit}.next ${startedFolder}/${kubeletUnit}
`
