/** Resources that take a node out of service and back: cordon, drain, uncordon. */

export * from './drained.ts'
export * from './evicted-pods.ts'
export * from './in-service.ts'
export * from './node-gone.ts'
