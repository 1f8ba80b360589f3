/**
 * A file that lies on a host from the moment when kubeadm's preflight has passed until all that belongs to its run is done.
 * `kubeadm reset` empties this folder, so the file is gone from a host that somebody has reset by hand, even if somebody has
 * made it a node again since.
 */
export const runMark = '/var/lib/kubelet/evcctl-unfinished'

/**
 * A file that lies on a host from before a reset by evcctl until the reset has put back the files that it keeps. It contains
 * the text of runMark, and names the files of a node and the data of etcd that the reset removes.
 */
export const resetMark = '/var/lib/evcctl/kubeadm-reset.unfinished'

const files = ['kubelet.conf', 'admin.conf', 'manifests/kube-apiserver.yaml'].map(name => `/etc/kubernetes/${name}`)

/** A command that prints a line for each file that only a node has: name, inode and change time. resetMark has these lines. */
export const filesOfNode = `stat -c '%n %i %Z' ${files.join(' ')} 2>/dev/null`

/**
 * A condition of sh: a reset by evcctl was interrupted here. If a file exists that resetMark does not list, somebody has made
 * the host a node since then, and resetMark no longer counts.
 */
export const resetUnfinished = `[ -e ${resetMark} ] && ! { ${filesOfNode} | grep -qvxFf ${resetMark}; }`

/**
 * A condition of sh, for an `if`: a run of kubeadm, or its reset, was interrupted here. evcctl will reset what runs there.
 */
export const kubeadmUnfinished = `[ -e ${runMark} ] || { ${resetUnfinished}; }`
