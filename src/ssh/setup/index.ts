export type { SetupIdentity } from './identity.ts'
export type { Machine, Progress } from './machine.ts'
export type { SetupOptions, SetupQuestions } from './options.ts'
export { type SetupOutcome, setUpLogins } from './setup.ts'
