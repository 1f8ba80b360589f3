/**
 * Lies on a host from when kubeadm's preflight has passed until all that belongs to its run is done. `kubeadm reset` empties
 * this folder: a host that somebody has reset by hand, and perhaps made a node by hand since, has none of it any more.
 */
export const runMark = '/var/lib/kubelet/evcctl-unfinished'

/**
 * Lies on a host from before a reset by evcctl until what lay there before has been put back. It says what runMark said, and
 * which kubelet.conf and which data of etcd are to go.
 */
export const resetMark = '/var/lib/evcctl/kubeadm-reset.unfinished'

const kubeletConf = '/etc/kubernetes/kubelet.conf'
/** A line of resetMark that tells one kubelet.conf from another, as a word of sh in double quotes. */
export const confOf = `conf $(stat -c '%i %Z' ${kubeletConf} 2>/dev/null)`
// A node with another kubelet.conf was made by somebody since the reset was cut off.
const resetUnfinished = `[ -e ${resetMark} ] && { [ ! -e ${kubeletConf} ] || grep -qxF "${confOf}" ${resetMark}; }`

/** A condition of sh, for an `if`: a run of kubeadm, or its reset, was cut off here. What answers there will be reset. */
export const kubeadmUnfinished = `[ -e ${runMark} ] || { ${resetUnfinished}; }`
