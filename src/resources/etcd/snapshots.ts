/** Snapshots of etcd on the hosts of its members. */
export const etcdSnapshots = {
  /** Takes one; run by the timer, by `evcctl etcd snapshot`, and by people. */
  script: '/usr/local/sbin/evcctl-etcd-snapshot',
  service: 'evcctl-etcd-snapshot.service',
  timer: 'evcctl-etcd-snapshot.timer',
  /** Root only: `<time>.tar.gz`, each with snapshot.db, manifest.json, keys and configuration. */
  folder: '/var/backups/evcctl/etcd',
} as const
