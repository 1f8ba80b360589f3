import type { TaskId } from './task-id.ts'

/** Stands for a value that a pending task has yet to give. Plans show it as `known after apply`. */
export interface Unknown {
  readonly unknown: true
  readonly from: TaskId
}

/** Finds the current output of a task, or says that it is not known yet. */
export type Lookup = (id: TaskId) => { readonly value: unknown } | Unknown

/** True for a value that is only known after apply. */
export function isUnknown(value: unknown): value is Unknown {
  return typeof value === 'object' && value !== null && (value as { unknown?: unknown }).unknown === true
}

/**
 * A handle on a value that another task gives. Passing it to a resource makes the edge in the graph, so that a value
 * can never be used before the task that gives it is done.
 */
export class Output<T> {
  /** The tasks (and ephemerals) this value comes from. */
  readonly from: readonly TaskId[]
  readonly #resolve: (lookup: Lookup) => T | Unknown

  constructor(from: readonly TaskId[], resolve: (lookup: Lookup) => T | Unknown) {
    this.from = from
    this.#resolve = resolve
  }

  /** The output of one task, as it is. */
  static ofTask<T>(id: TaskId): Output<T> {
    return new Output<T>([id], lookup => {
      const found = lookup(id)
      return isUnknown(found) ? found : (found.value as T)
    })
  }

  /** A value computed from this one. */
  map<U>(f: (value: T) => U): Output<U> {
    return new Output<U>(this.from, lookup => {
      const value = this.#resolve(lookup)
      return isUnknown(value) ? value : f(value)
    })
  }

  /** One value made of several. It is unknown as long as one of them is. */
  static all<const T extends readonly unknown[]>(outputs: { readonly [K in keyof T]: Output<T[K]> }): Output<T> {
    const list = outputs as readonly Output<unknown>[]
    return new Output<T>(
      list.flatMap(output => output.from),
      lookup => {
        const values: unknown[] = []
        for (const output of list) {
          const value = output.resolve(lookup)
          if (isUnknown(value)) return value
          values.push(value)
        }
        return values as unknown as T
      },
    )
  }

  /** The value now, or Unknown. */
  resolve(lookup: Lookup): T | Unknown {
    return this.#resolve(lookup)
  }
}
