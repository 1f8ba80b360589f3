export { type CheckName, type CheckStep, type DiagnoseOptions, diagnose, type HostCheck } from './diagnose.ts'
export { type ConnectionInfo, createPool, Pool, type PoolOptions } from './pool.ts'
export type { RunOptions, RunResult } from './run.ts'
export type { RootMode } from './sudo.ts'
