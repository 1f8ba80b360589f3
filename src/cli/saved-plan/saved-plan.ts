import type { PlannedChange } from '../../report/index.ts'

/** The version of the format of saved plans, as in cluster.yaml. */
export const apiVersion = 'evcctl.dev/v1alpha1'
/** What tells a saved plan from a cluster file. */
export const kind = 'SavedPlan'

/** The operation that was planned, and the options that change what it does. */
export interface PlannedOperation {
  readonly name: string
  readonly options: Readonly<Record<string, string>>
}

/** A value by its name, as text or as a digest. */
export type Texts = Readonly<Record<string, string>>

/** What evaluate() found about one task: the verdict, what both sides were, and the change as the plan showed it. */
export interface SavedTask {
  readonly is: 'in desired state' | 'change' | 'known after apply' | 'unreadable' | 'refused'
  /** The name of the task for people. */
  readonly title: string
  /** Left out where there is none. Long values are replaced by their length and digest. */
  readonly change?: Omit<PlannedChange, 'task' | 'host' | 'role' | 'title'>
  /** Digest of each field of the current state on the host; empty if it could not be read. */
  readonly state: Texts
  /** Digest of each field of the desired state. Secrets count with their names only. */
  readonly wanted: Texts
}

/**
 * A plan with everything that it was made from. apply does it only as long as all of this is still the same. It holds no Secrets:
 * changes are masked as in the plan that was shown, and everything else is a digest.
 */
export interface SavedPlan {
  readonly apiVersion: typeof apiVersion
  readonly kind: typeof kind
  /** Version of evcctl; another version may compare in another way. */
  readonly version: string
  /** When the hosts were read, ISO 8601. */
  readonly madeAt: string
  readonly cluster: string
  /** Absolute path of the cluster file. */
  readonly file: string
  readonly operation: PlannedOperation
  /** sha256 of the cluster file and of the files that it names, by absolute path. */
  readonly files: Texts
  /** The value of each key of the cluster file, defaults included, by its path. */
  readonly keys: Texts
  /** Digest of each download of the catalog, by name and version. */
  readonly catalog: Texts
  /** Each host of the cluster file: `read`, or why it is left out. */
  readonly hosts: Texts
  /** What was to be known before the upgrade, as the plan showed it; left out if the plan has none. It is not compared. */
  readonly upgrade?: readonly string[]
  /** Digest of the order of the tasks. */
  readonly order: string
  /** By the id of the task, in graph order. */
  readonly tasks: Readonly<Record<string, SavedTask>>
}
