import { foldersBefore, type Role, type Task } from '../../src/index.ts'

export interface HostRecordParameters {
  /** Absolute paths of folders that the programs of the host will make for themselves. */
  readonly folders: readonly string[]
}

/**
 * The record of what a host has before anything is installed on it. It is declared before all other roles of the host: tasks
 * of one exchange run in the order in which they are declared.
 */
export const hostRecord: Role<HostRecordParameters, { readonly recorded: Task }> = {
  name: 'host-record',
  declare: (scope, { folders }) => ({ recorded: scope.add(foldersBefore({ paths: folders })) }),
}
