export { clusterSecrets } from './cluster-secrets.ts'
export { keysUnknownTo } from './fields-of-minor.ts'
export { clusterJsonSchema, type JsonSchema } from './json-schema.ts'
export {
  type LoadedCluster,
  loadClusterFile,
  loadClusterFiles,
  parseClusterFile,
  readLock,
} from './load.ts'
export * from './lock.ts'
export * from './missing.ts'
export * from './names.ts'
export { nearestVersions } from './nearest.ts'
export { beginsSavedPlan, savedPlanBeginning } from './saved-plan.ts'
export type { SecretOptions } from './secrets.ts'
export type * from './spec.ts'
export { sshTargets } from './ssh-targets.ts'
export { starterFile } from './starter-file.ts'
