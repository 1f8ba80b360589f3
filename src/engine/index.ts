/** What the command line and the reports use of the engine. */
export { type ApplyResult, apply } from './apply.ts'
export { desiredIn, type Evaluation, evaluate, judgeWith } from './evaluate.ts'
export { createEventStream, type EventStream } from './events.ts'
export { type GatheredFacts, gatherFacts } from './facts.ts'
export { type Journal, type JournalOptions, journalFolder, openJournal } from './journal.ts'
export { type LostHost, lostWhileWritten } from './last-losses.ts'
export {
  fenceHosts,
  type HeldLock,
  type LockedResult,
  type LockOptions,
  withLock,
} from './lock.ts'
export { type SeenLock, seenLock } from './lock-seen.ts'
export { describeHolder, type LockHolder, type LockState, staleAfterMs } from './lock-state.ts'
export { type RecordOptions, recordApplied } from './record-applied.ts'
export { defaultParallel, isStopping, type Patience, type Run } from './run.ts'
export type { Snapshot } from './snapshot.ts'
export type { TaskEnd } from './task-state.ts'
export { type UnfinishedRun, unfinishedRun } from './unfinished-run.ts'
