/** What a pod network and kube-proxy leave in the kernel of a host. */

export * from './network-gone.ts'
