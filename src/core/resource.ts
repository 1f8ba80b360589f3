import type { ErrorDetails } from './error-details.ts'
import type { Output, Unknown } from './output.ts'
import type { Secret } from './secret.ts'
import type { TaskId } from './task-id.ts'

/** What a resource wants, field by field; a field may come from another task. */
export type Inputs<D> = { readonly [K in keyof D]: D[K] | Output<D[K]> }

/** Inputs with every Output replaced by its value, or by Unknown. */
export type Resolved<D> = { readonly [K in keyof D]: D[K] | Unknown }

/** Exit code of a probe that the host ended because it ran into its time-out. No program has this exit code. */
export const probeTimedOut = 1000

/** Exit code of a probe that printed more than its bound. No program has this exit code. */
export const probeTooLong = 1001

/** What one probe printed. */
export interface ProbeResult {
  /** Exit code of the script, or `probeTimedOut` or `probeTooLong`. After those two, the output may be incomplete. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A read-only POSIX sh script and the parser of what it prints. It runs as root in a subshell of its own with
 * LC_ALL=C and stdin at /dev/null. It never reads inputs, so that all probes of a host travel in one exchange;
 * probes of one exchange with the same script text run once.
 */
export interface Probe<C> {
  /** The whole script, as it runs if it shares nothing with other probes. */
  readonly script: string
  /** How long it may take on the host, ms; default 8 s. The host ends a probe that takes longer. */
  readonly timeoutMs?: number
  /**
   * The most that it may print on stdout, bytes; default 256 KiB. On stderr it may never print more than 256 KiB. If it prints
   * more, only its task fails.
   */
  readonly maxBytes?: number
  /** The parts of the script that it can share with other probes of an exchange; see surveyProbe(). */
  readonly shared?: SharedProbe
  parse(raw: ProbeResult): C
}

/** A probe script in its parts: the answers to `asks` are printed first, in this order. */
export interface SharedProbe {
  readonly asks: readonly Question[]
  /** The rest of the script; may be empty. */
  readonly rest: string
  /** How long the rest may take, ms; default 8 s. */
  readonly timeoutMs?: number
  /** The most that the rest may print, bytes; see Probe. */
  readonly maxBytes?: number
}

/** A survey, and the subjects that one probe wants to know about. */
export interface Question {
  readonly survey: Survey
  readonly subjects: readonly string[]
}

/**
 * A question about any number of subjects that costs hardly more for many of them than for one: one `systemctl show` for
 * all units of a host, one `sha256sum` for all files. It runs once an exchange, with the subjects of all probes that ask it.
 */
export interface Survey {
  /** Distinguishes it from other surveys. */
  readonly name: string
  /** See Probe; for all its subjects together. */
  readonly timeoutMs?: number
  /** See Probe; for all its subjects together. */
  readonly maxBytes?: number
  /** Returns the script for these subjects, which are all different. Its output has to show which lines belong to which. */
  script(subjects: readonly string[]): string
}

/** One write, as data. Paths are absolute. Times are in ms. */
export type Step =
  /** A POSIX sh script, run in a subshell with `set -eu` and LC_ALL=C; its last output line is shown while it runs. */
  | { readonly run: string; readonly stdin?: string | Secret; readonly timeoutMs?: number }
  /** A whole file, replaced atomically (temporary file in the same folder, then rename); parents must exist. */
  | { readonly write: string; readonly content: string | Secret; readonly mode: number; readonly owner?: string }
  /** A file of the controller copied over SSH to a temporary name, checked against sha256 on the host, then renamed. */
  | { readonly push: string; readonly to: string; readonly sha256: string; readonly mode: number }
  /** Polls on the host (no round trips) until the probe's script exits 0. */
  | { readonly until: Probe<boolean>; readonly what: string; readonly everyMs: number; readonly timeoutMs: number }

/** One difference. `before` is left out when there is nothing yet; a Secret is shown by its label. */
export interface FieldChange {
  readonly field: string
  readonly before?: string | Secret
  readonly after?: string | Secret | Unknown
}

/** Why a resource has to be written, in words that a plan can print. */
export interface Change {
  readonly action: 'create' | 'update' | 'delete' | 'restart' | 'run'
  readonly fields: readonly FieldChange[]
  /** A short remark for the plan, e.g. `46 MB from github.com, sha256 1f3a90c2…`. */
  readonly note?: string
  /** The pending tasks that cause it, e.g. the changed file that makes a unit restart. */
  readonly because?: readonly TaskId[]
  /**
   * Why evcctl cannot make this change, e.g. of the pod range of an existing cluster. A plan shows it as an error and exits
   * non-zero; apply writes nothing at all.
   */
  readonly refused?: ErrorDetails
}

/** What a diff may know besides its own two sides. */
export interface Context {
  /**
   * The watched tasks that have a pending change, or may have one. Always empty during apply: by then they are done, and the
   * probe sees their effect.
   */
  readonly watched: readonly TaskId[]
}

/** A step that did not succeed. */
export interface StepFailure {
  /** Index into the job's steps. */
  readonly step: number
  /** Exit code of the step; 124 when it ran into its time-out. */
  readonly exitCode: number
  /** The last part of what it printed on stdout and stderr, at most 8 KiB each. */
  readonly stdout: string
  readonly stderr: string
}

/** A command of the user that runs on this machine, not on a host. */
export interface LocalCommand {
  /** For `sh -c`. */
  readonly command: string
  /** Where it runs, absolute. */
  readonly folder: string
  /** What it finds in its environment besides that of evcctl. */
  readonly env: Readonly<Record<string, string>>
  /** It is killed, with the processes that it has started, when it takes longer, ms. */
  readonly timeoutMs: number
}

/** How a resource is removed from a host; see gone(). */
export interface Removal<C> {
  /** What is left of the resource, as a plan shows it; empty if nothing of evcctl's is left. */
  left(current: C): readonly FieldChange[]
  /** The steps that remove it. They must be safe to run again after an interruption at any point. */
  steps(current: C): readonly Step[]
}

/**
 * The unit of work: how to read it, how to compare it, how to write it. Everything is pure; only the engine talks to hosts.
 * C is the current state, D the desired one, O what it offers to others.
 */
export interface Resource<C, D, O = void> {
  /** The usual name for things of this kind, e.g. `sysctl`, `file`, `kubeadm init`. */
  readonly kind: string
  /** Unique among its kind on a host, e.g. the path. */
  readonly name: string
  /** What people call it in plans, progress and errors, e.g. `/etc/hosts`. Default: see `titleOf`. */
  readonly title?: string
  readonly probe: Probe<C>
  readonly desired: Inputs<D>
  /**
   * Fields of the current state that change by themselves, e.g. the host's clock. A saved plan does not compare them. Default: none.
   */
  readonly volatile?: readonly string[]
  /**
   * Returns undefined in desired state. If only Unknown fields of `desired` cause a change, it may turn out to be none. Such a
   * change has to be an `update` of which all fields have an Unknown `after`; a plan shows it as known after apply.
   */
  diff(current: C, desired: Resolved<D>, context: Context): Change | undefined
  /** The steps that lead to the desired state. They must be safe to run again after an interruption at any point. */
  converge(current: C, desired: D): readonly Step[]
  /** The value that it gives to other tasks, read from the current state; undefined as long as there is none. */
  output?(current: C): O | undefined
  /**
   * A command that runs on this machine in the place of steps on the host: the change is made when it has succeeded, and no probe
   * verifies it. Default: none.
   */
  readonly here?: LocalCommand
  /** Undefined for a resource that cannot be taken back, or leaves nothing behind. */
  readonly removal?: Removal<C>
  /**
   * Turns the failure of `step` into an error that says what to do. If it returns undefined, the engine words the error. `step`
   * is one of those that converge() returned; the engine leaves it out if the host reports a step that is none of them.
   */
  explain?(failure: StepFailure, desired: D, step?: Step): ErrorDetails | undefined
}

// The one erased form: a graph holds resources of all types, and a task keeps its own parts consistent.
// biome-ignore lint/suspicious/noExplicitAny: see above
export type AnyResource = Resource<any, any, any>
