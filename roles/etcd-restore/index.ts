import { noUnfinishedRestore, type RestoreStepParameters, type Role, restoreStep, type Task } from '../../src/index.ts'

/** One step of a restore of etcd on a host. */
export const etcdRestoreStep: Role<
  RestoreStepParameters & { readonly after: readonly Task[]; readonly enters?: readonly Task[] },
  { readonly done: Task }
> = {
  name: 'etcd-restore',
  declare: (scope, { after, enters, ...step }) => ({
    done: scope.add(restoreStep(step), { after, ...(enters === undefined ? {} : { enters }) }),
  }),
}

/** Refuses everything else while a restore of etcd is unfinished on a host. */
export const noEtcdRestore: Role<Record<never, never>, { readonly guarded: Task }> = {
  name: 'etcd-restore',
  declare: scope => ({ guarded: scope.add(noUnfinishedRestore()) }),
}
