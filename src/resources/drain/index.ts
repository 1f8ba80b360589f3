/** Resources that take a node out of service and back (cordon, drain, uncordon), and the check before an upgrade. */

export * from './drained.ts'
export * from './evicted-pods.ts'
export * from './in-service.ts'
export * from './node-gone.ts'
export type { RequestedApi } from './requested-apis.ts'
export { isRemovedIn } from './requested-apis.ts'
export * from './upgrade-check.ts'
