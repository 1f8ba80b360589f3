/** The kubelet of a node: its files, its service, and whether the node is Ready. */

export * from './evidence.ts'
export * from './files.ts'
export * from './node-certificate.ts'
export * from './node-ready.ts'
export * from './pod-slices-gone.ts'
export * from './service.ts'
