import { hideInOutput } from '../core/credential-text.ts'
import { withoutCredentials } from '../core/credentials.ts'
import { beginningOf } from '../core/cut.ts'
import type { ErrorDetails } from '../core/error-details.ts'
import { UserError } from '../core/errors.ts'
import { limits, quoted, sizeText, usualProbeBytes } from '../core/limits.ts'
import { isUnknown } from '../core/output.ts'
import type { Change, FieldChange, ProbeResult, Step, StepFailure } from '../core/resource.ts'
import { type Task, titleOf } from '../core/task.ts'
import type { TaskId } from '../core/task-id.ts'
import { clean, tail } from './text.ts'

/** Where a task's error happened. */
export function placeOf(task: Task): string {
  return `${task.host} ${titleOf(task)}`
}

/** A probe whose output its parser does not understand. */
export function unreadable(task: Task, raw: ProbeResult, cause: unknown): ErrorDetails {
  if (cause instanceof UserError) return { where: placeOf(task), ...cause.details }
  const output = `exit code ${raw.exitCode}${quoteOutput(raw.stderr, raw.stdout)}`
  return isInternal(cause)
    ? {
        where: placeOf(task),
        problem: `Its current state cannot be read: ${strangeForm}`,
        actual: `${output}\n(${messageOf(cause)})`,
      }
    : { where: placeOf(task), problem: `Its current state cannot be read: ${messageOf(cause)}`, actual: output }
}

const strangeForm = 'the output of the host does not have the expected form'

// These are errors of JavaScript about unexpected data; their messages mean nothing to people.
function isInternal(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof RangeError || cause instanceof SyntaxError
}

/** A probe that the host ended because it ran into its time-out. */
export function probeLate(task: Task, raw: ProbeResult): ErrorDetails {
  const { timeoutMs = limits.probeMs } = task.resource.probe
  return { where: placeOf(task), problem: 'Its current state could not be read', ...late(raw, timeoutMs) }
}

/** A probe that printed more than its bound. */
export function answerTooLong(task: Task, raw: ProbeResult): ErrorDetails {
  const { maxBytes = usualProbeBytes } = task.resource.probe
  return {
    where: placeOf(task),
    problem: 'Its current state could not be read: the host printed too much',
    expected: `at most ${sizeText(maxBytes)}`,
    actual: `more; it begins with:\n${clean(beginningOf(raw.stdout || raw.stderr, shownOfTooLong))}`,
    next: `Look on ${task.host} at what this task reads: a file that has grown or is not what it should be (ls -l), or a command that prints without end.`,
  }
}

const shownOfTooLong = 200

/** The lines about a script that the host ended because it took longer than `timeoutMs`. */
export function late(raw: ProbeResult, timeoutMs: number): Pick<ErrorDetails, 'expected' | 'actual' | 'next'> {
  return {
    expected: `an answer within ${timeoutMs / 1000} s`,
    actual: `none, so the host ended the script${quoteOutput(raw.stderr, raw.stdout)}`,
    next: 'Look there for what hangs or is very slow (a disk, a network file system, a service): ps -ef --forest; dmesg | tail',
  }
}

/** A resource that throws while it compares or plans its steps. */
export function broken(task: Task, doing: string, cause: unknown): ErrorDetails {
  if (cause instanceof UserError) return { where: placeOf(task), ...cause.details }
  return isInternal(cause)
    ? { where: placeOf(task), problem: `${doing} failed: ${strangeForm}`, actual: messageOf(cause) }
    : { where: placeOf(task), problem: `${doing} failed: ${messageOf(cause)}` }
}

/** A step that failed, where the resource itself has nothing better to say. */
export function stepFailed(task: Task, steps: readonly Step[], failure: StepFailure): ErrorDetails {
  const step = steps[failure.step]
  const timedOut = failure.exitCode === 124
  const output = quoteOutput(failure.stderr, failure.stdout).trimStart()
  return {
    where: placeOf(task),
    problem: `${describeStep(step)} ${timedOut ? 'took too long' : 'failed'} (step ${failure.step + 1} of ${steps.length})`,
    ...(timedOut && step !== undefined && 'timeoutMs' in step && step.timeoutMs !== undefined
      ? { expected: `done within ${step.timeoutMs / 1000} s` }
      : {}),
    actual: output === '' ? `exit code ${failure.exitCode}, no output` : `exit code ${failure.exitCode}\n${output}`,
  }
}

/** Steps that ran, after which the probe still shows a difference. */
export function notConverged(task: Task, left: Change): ErrorDetails {
  // The names of the fields tell which values are secret, and the text of the error does not tell any more.
  const remaining = withoutCredentials(left)
  return {
    where: placeOf(task),
    problem: `It did not converge: all steps ran, and the host still differs (${remaining.action})`,
    ...(remaining.fields.length === 0
      ? {}
      : {
          expected: remaining.fields.map(field => describe(field, field.after)).join('\n'),
          actual: remaining.fields.map(field => describe(field, field.before)).join('\n'),
        }),
  }
}

/** A value is missing, although the task that gives it is done. */
export function missingInput(task: Task, from: readonly TaskId[]): ErrorDetails {
  return {
    where: placeOf(task),
    problem: 'A value that it needs is missing',
    expected: `a value from ${from.join(', ')}`,
    actual: 'nothing, although that task is in desired state',
  }
}

/** What an exception says, without its stack. It may quote what a host printed, so credentials are hidden. */
export function messageOf(cause: unknown): string {
  return quoted(hideInOutput(clean(cause instanceof Error ? cause.message : String(cause))))
}

function describe(field: FieldChange, value: FieldChange['after']): string {
  if (isUnknown(value)) return `${field.field}: known after ${value.from}`
  return `${field.field}: ${value === undefined ? 'nothing' : clean(value.toString())}`
}

function describeStep(step: Step | undefined): string {
  if (step === undefined) return 'A step'
  if ('write' in step) return `Writing ${step.write}`
  if ('push' in step) return `Copying ${step.to}`
  if ('until' in step) return `Waiting for ${step.what}`
  return 'A command'
}

// Errors go to stderr as a rule; stdout is only worth showing where there is nothing on stderr.
function quoteOutput(stderr: string, stdout: string): string {
  const text = tail(stderr) || tail(stdout)
  return text === '' ? '' : `\n${text}`
}
