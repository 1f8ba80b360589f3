import { startedFolder, statScript } from './systemd-state.ts'

/** The systemd unit of the kubelet; kubeadm knows it by this name. */
export const kubeletUnit = 'kubelet.service'
export const kubeletUnitPath = `/etc/systemd/system/${kubeletUnit}`
export const kubeletPath = '/usr/local/bin/kubelet'
/** Written by kubeadm from the cluster's kubelet-config ConfigMap. */
export const kubeletConfigPath = '/var/lib/kubelet/config.yaml'

/** The files that the kubelet reads only when it starts. */
export const kubeletWatches: readonly string[] = [
  kubeletPath,
  kubeletUnitPath,
  kubeletConfigPath,
  '/var/lib/kubelet/kubeadm-flags.env',
]

/** Notes that the kubelet, which kubeadm has just started, runs with these files: it needs no restart. */
export const recordKubeletStart = `mkdir -p ${startedFolder}
{ ${statScript(kubeletWatches)}; } >${startedFolder}/${kubeletUnit}
`
