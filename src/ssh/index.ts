export { type CheckName, type CheckStep, type DiagnoseOptions, diagnose, type HostCheck } from './diagnose.ts'
export { type ConnectionInfo, createPool, Pool, type PoolOptions } from './pool.ts'
export type { RunOptions, RunResult } from './run.ts'
export {
  type Machine,
  type Progress,
  type SetupIdentity,
  type SetupOptions,
  type SetupOutcome,
  type SetupQuestions,
  setUpLogins,
} from './setup/index.ts'
export type { RootMode } from './sudo.ts'
