import {
  etcdSnapshots as at,
  type EtcdBackupSpec,
  etcdPaths,
  etcdSnapshotBefore,
  file,
  type MemberQuestion,
  quoteAll,
  type Role,
  type SnapshotBeforeParameters,
  systemdUnit,
  type Task,
  templatesOf,
} from '../../src/index.ts'

const template = templatesOf(import.meta.url)

export interface EtcdSnapshotsParameters {
  /** The name of the cluster, and its Kubernetes version. */
  readonly cluster: string
  readonly kubernetes: string
  readonly backup: EtcdBackupSpec
  /** How the member on this host is reached. */
  readonly member: MemberQuestion
  /** The distribution's own folder, with its keys and configuration; absolute. */
  readonly folder: string
  /** The manifest of the API server, which names what secrets are encrypted with. */
  readonly manifest: string
  /** Done when the host is a member. */
  readonly after: readonly Task[]
}

export interface EtcdSnapshotsOutputs {
  /** Done when the script is there. */
  readonly script: Task
  readonly scheduled: Task
}

/**
 * Snapshots of the member of etcd on a host: the script that takes one, and the timer that runs it. The script is there
 * even if the timer is off, since `evcctl etcd snapshot` uses it.
 */
export const etcdSnapshots: Role<EtcdSnapshotsParameters, EtcdSnapshotsOutputs> = {
  name: 'etcd-snapshots',
  declare(scope, { cluster, kubernetes, backup, member, folder, manifest, after }) {
    const { client, utility } = etcdPaths
    const own = relative(folder)
    const script = scope.add(
      file({
        path: at.script,
        mode: 0o700,
        content: template('etcd-snapshot.sh', {
          ...member,
          ...at,
          cluster,
          kubernetes,
          host: scope.host,
          keep: backup.keep,
          copy: quoteAll([backup.copyCommand ?? '']),
          client,
          utility,
          paths: [own, 'etc/evcctl', 'etc/etcd'].join(' '),
          // kubeadm keeps whole copies of etcd there.
          exclude: `${own}/tmp`,
          manifest,
        }),
      }),
    )
    const service = scope.add(
      file({ path: unitPath(at.service), mode: 0o644, content: template('etcd-snapshot.service', at) }),
    )
    const timer = scope.add(
      file({ path: unitPath(at.timer), mode: 0o644, content: template('etcd-snapshot.timer', backup) }),
    )
    const { enabled } = backup
    const unit = systemdUnit({
      unit: at.timer,
      state: enabled ? 'running' : 'stopped',
      enabled,
      watches: [unitPath(at.timer), unitPath(at.service)],
    })
    return { script, scheduled: scope.add(unit, { after: [script, ...after], watch: [service, timer] }) }
  },
}

export interface EtcdSnapshotFirstParameters extends SnapshotBeforeParameters {
  /** Done when the host can take a snapshot. */
  readonly after: readonly Task[]
  /** The tasks that wait for it. It is taken only if one of them is about to write. */
  readonly inside: readonly Task[]
}

/** A snapshot of etcd before something is changed that could cost its data. */
export const etcdSnapshotFirst: Role<EtcdSnapshotFirstParameters, { readonly taken: Task }> = {
  name: 'etcd-snapshots',
  declare: (scope, { after, inside, ...change }) => ({
    taken: scope.add(etcdSnapshotBefore(change), { after, enters: inside }),
  }),
}

function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}`
}

function relative(folder: string): string {
  return folder.replace(/^\/|\/$/g, '')
}
