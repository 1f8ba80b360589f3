/**
 * Lies on a host from when kubeadm's preflight has passed until all that belongs to its run is done. `kubeadm reset` empties
 * this folder: a host that somebody has reset by hand, and perhaps made a node by hand since, has none of it any more.
 */
export const runMark = '/var/lib/kubelet/evcctl-unfinished'

/**
 * Lies on a host from before a reset by evcctl until what lay there before has been put back. It says what runMark said, and
 * which files of a node and which data of etcd are to go.
 */
export const resetMark = '/var/lib/evcctl/kubeadm-reset.unfinished'

const files = ['kubelet.conf', 'admin.conf', 'manifests/kube-apiserver.yaml'].map(name => `/etc/kubernetes/${name}`)

/** A command that prints a line for each file that only a node has, with its inode and change time. resetMark keeps these lines. */
export const filesOfNode = `stat -c '%n %i %Z' ${files.join(' ')} 2>/dev/null`

/**
 * A condition of sh: a reset by evcctl was interrupted here. If a file exists that resetMark does not list, somebody has made
 * the host a node since then, and resetMark no longer counts.
 */
export const resetUnfinished = `[ -e ${resetMark} ] && ! { ${filesOfNode} | grep -qvxFf ${resetMark}; }`

/** A condition of sh, for an `if`: a run of kubeadm, or its reset, was cut off here. What answers there will be reset. */
export const kubeadmUnfinished = `[ -e ${runMark} ] || { ${resetUnfinished}; }`
