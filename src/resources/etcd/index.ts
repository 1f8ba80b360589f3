/** Members of an external etcd: their data, service and membership. */

export * from './answer.ts'
export * from './data.ts'
export * from './health.ts'
export * from './member.ts'
export * from './paths.ts'
export * from './question.ts'
export * from './reachable.ts'
export * from './removal.ts'
export * from './service.ts'
export * from './snapshots.ts'
export * from './wanted.ts'
