import { etcdDefrag, type MemberAccess, type Role, type Task } from '../../src/index.ts'

export interface EtcdDefragParameters {
  /** How the member on this host is reached. */
  readonly access: MemberAccess
  /** The member that a leader hands over to; undefined: there is no other. */
  readonly successor: string | undefined
  /** The member before. */
  readonly after: readonly Task[]
}

/** Gives space that the database of a member does not use any more back to the disk. */
export const etcdDefragmented: Role<EtcdDefragParameters, { readonly done: Task }> = {
  name: 'etcd-defrag',
  declare: (scope, { after, ...how }) => ({
    done: scope.add(etcdDefrag({ name: scope.host, ...how }), { after }),
  }),
}
