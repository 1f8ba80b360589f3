export * from './member.ts'
export * from './plan-membership.ts'
export * from './quorum.ts'
export * from './route.ts'
