import { z } from 'zod'
import { command, flag, localPath, schedule, text, version } from './scalars.ts'

const endpoint = text(
  /^https:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?):\d{1,5}$/,
  'https://host:port of an etcd member; without TLS anybody on the network could read every secret',
)

const certificatesSchema = z.strictObject({
  ca: localPath.describe('PEM file of the CA that signed the certificates of the etcd members.'),
  cert: localPath.describe('PEM file of the client certificate for kube-apiserver.'),
  key: localPath.describe('PEM file of its private key.'),
})

const keepExpected = 'how many snapshots to keep, 1 to 1000'

const backupSchema = z.strictObject({
  enabled: flag
    .describe('Take snapshots on a schedule. Without it, `evcctl etcd snapshot` still takes one when it is called.')
    .default(true),
  schedule: schedule
    .describe(
      'When, in the notation of systemd: `hourly`, `daily`, or a calendar event like `*-*-* 03,15:00`. Each host waits ' +
        'up to 10 minutes more, so that members do not take theirs at the same time.',
    )
    .default('daily'),
  keep: z
    .int({ error: keepExpected })
    .min(1, { error: keepExpected })
    .max(1000, { error: keepExpected })
    .describe('How many snapshots are kept on each host. The newest one is never removed.')
    .default(7),
  beforeChanges: flag
    .describe('Take one on one host before nodes are upgraded or removed. Without it, nothing is changed.')
    .default(true),
  copyCommand: command('scp "$EVCCTL_SNAPSHOT" backup@192.0.2.9:etcd/', 'on the hosts')
    .describe(
      'Copies each snapshot to another place. Runs on the host as root, with `sh -c`, after a snapshot was taken and read back, with ' +
        '`EVCCTL_SNAPSHOT` (the path of the archive), `EVCCTL_CLUSTER` and `EVCCTL_HOST` in its environment, for 30 minutes at most. If it ' +
        'fails, the snapshot is kept, `evcctl etcd snapshot` warns, and the unit of the timer fails. The command is shown in plans: passwords ' +
        'belong into files on the hosts.',
    )
    .optional(),
})

/** `spec.etcd` */
export const etcdSchema = z.strictObject({
  topology: z
    .enum(['stacked', 'external'])
    .describe(
      '`stacked`: an etcd member on each control plane node. `external`: on the hosts with the role etcd, or an etcd ' +
        'that exists already.',
    )
    .default('stacked'),
  version: version
    .describe(
      'Version of etcd on the hosts with the role etcd. Default: the one that goes with the Kubernetes version.',
    )
    .optional(),
  allowEvenMembers: flag
    .describe(
      'Accept an even number of etcd members: no more of them may fail than of one member less. For the time in which ' +
        'a member is replaced.',
    )
    .default(false),
  backup: backupSchema
    .describe(
      'Snapshots of every member on its own host, in /var/backups/evcctl/etcd, with the keys and the configuration that a ' +
        'restore needs. Each takes about a quarter of the size of the database there.',
    )
    .prefault({}),
  endpoints: z
    .array(endpoint)
    .min(1, { error: 'at least one endpoint' })
    .describe('Client URLs of an etcd that exists already.')
    .optional(),
  certificates: certificatesSchema.describe('What kube-apiserver shows to that etcd.').optional(),
})
