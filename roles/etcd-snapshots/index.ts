import {
  etcdSnapshots as at,
  type EtcdBackupSpec,
  etcdPaths,
  file,
  type MemberQuestion,
  type Role,
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

/**
 * Snapshots of the member of etcd on a host: the script that takes one, and the timer that runs it. The script is there
 * even if the timer is off, since `evcctl etcd snapshot` uses it.
 */
export const etcdSnapshots: Role<EtcdSnapshotsParameters, { readonly scheduled: Task }> = {
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
    return { scheduled: scope.add(unit, { after: [script, ...after], watch: [service, timer] }) }
  },
}

function unitPath(unit: string): string {
  return `/etc/systemd/system/${unit}`
}

function relative(folder: string): string {
  return folder.replace(/^\/|\/$/g, '')
}
