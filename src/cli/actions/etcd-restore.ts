import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { type RestoreOrder, restoreFrom } from '../../../playbooks/restore.ts'
import { restoringHosts } from '../../../playbooks/restore-hosts.ts'
import { minorOf } from '../../catalog/index.ts'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, HostError, presentableText, type SshTarget, UserError } from '../../core/index.ts'
import { statusLimits } from '../../core/limits.ts'
import { temporaryFolder } from '../../core/temporary-folder.ts'
import { restoreProbe } from '../../resources/etcd/index.ts'
import { quote } from '../../shell/quote.ts'
import { createPool } from '../../ssh/index.ts'
import { refuseForeign } from '../etcd/ask-etcd.ts'
import { cutOffRestore } from '../etcd/cut-off-restore.ts'
import { type EtcdAnswers, readEtcdAnswer } from '../etcd/member-answer.ts'
import { refuseOthers, unknownHost } from '../etcd/other-members.ts'
import { saveFile } from '../etcd/save-file.ts'
import { readArchive, type SnapshotArchive } from '../etcd/snapshot-archive.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openClusterWithSecrets } from '../run/open-cluster.ts'
import { askEach } from '../status/ask-each.ts'
import { etcdScript } from '../status/health-probe.ts'
import { apply } from './apply.ts'
import { plan } from './plan.ts'

export interface EtcdRestoreOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  readonly parallel: number
  /** A snapshot on this machine, or `HOST:PATH`. */
  readonly from: string
  /** Hosts that are gone for good. */
  readonly lost: readonly string[]
  readonly yes: boolean
  readonly dryRun: boolean
}

/** `evcctl etcd restore`: plans and applies the restore of a snapshot, as apply does with the cluster file. */
export async function etcdRestore({ dryRun, from, lost, ...options }: EtcdRestoreOptions): Promise<ExitCode> {
  // It is opened once: a prompt asks once, and a pipe has the file once.
  const opened = await openClusterWithSecrets(options.file)
  const { spec, targets } = opened
  refuseForeign(spec, 'Its owner restores it.')
  // From here on ^C ends the process only after the folder is removed.
  using interrupts = listenForInterrupts(() => {})
  const { stop } = interrupts
  await using folder = await temporaryFolder('restore')
  const given = { spec, targets, stop }
  const archive = await archiveAt(from, { ...given, folder: folder.path })
  refuseOther(spec, archive)
  const order = await orderFor(archive, { ...given, lost })
  if (stop.aborted)
    throw new UserError(
      { problem: 'Stopped before the hosts were read. Nothing was written.' },
      { exitCode: exitCodes.cancelled },
    )
  const again = ['evcctl etcd restore', options.file, '--from', from, ...lost.flatMap(name => ['--lost', name])].join(
    ' ',
  )
  const all = {
    ...options,
    opened,
    operation: restoreFrom(order),
    gone: new Set(lost),
    diff: false,
    isPart: true,
    again,
    next: `evcctl status ${options.file}`,
  }
  return await (dryRun ? plan({ ...all, exitCode: false }) : apply(all))
}

interface Given {
  readonly spec: ClusterSpec
  readonly targets: readonly SshTarget[]
  readonly stop: AbortSignal
}

// A snapshot on a host is copied here first: all members get it from here.
async function archiveAt(
  from: string,
  { spec, targets, stop, folder }: Given & { folder: string },
): Promise<SnapshotArchive> {
  const [, host, path] = /^([^/:]+):(\/.*)$/.exec(from) ?? []
  if (host === undefined || path === undefined) return readArchive(from)
  if (spec.hosts.every(({ name }) => name !== host)) throw unknownHost(spec, '--from', host)
  await using pool = createPool(targets.filter(({ name }) => name === host))
  const session = await pool.session(host, stop)
  const script = `stat -L -c %s -- ${quote(path)}\n`
  const { results } = await session.exchange({ jobs: [], probes: [{ script, parse: raw => raw }] }, { signal: stop })
  const [said] = results
  if (said === undefined || !/^\d{1,15}\n$/.test(said.stdout)) {
    const next = `See which there are: evcctl exec --host ${host} --sudo -- ls -l /var/backups/evcctl/etcd`
    throw new UserError({
      where: host,
      problem: `There is no snapshot ${path}.`,
      actual: presentableText(said?.stderr.trim() ?? ''),
      next,
    })
  }
  const file = join(folder, 'snapshot.tar.gz')
  await saveFile(pool, { host, path, bytes: Number(said.stdout) }, file, stop)
  return await readArchive(file, from)
}

async function orderFor(
  { file, sha256, manifest }: SnapshotArchive,
  { spec, targets, stop, lost }: Given & Pick<EtcdRestoreOptions, 'lost'>,
): Promise<RestoreOrder> {
  await using pool = createPool(targets)
  const hosts = restoringHosts(spec).filter(({ name }) => !lost.includes(name))
  const answers = await askEach(pool, hosts, {
    signal: stop,
    answerMs: statusLimits.answerMs * 2,
    scripts: host => [restoreProbe.script, etcdScript(spec, host)],
    read: ([record, etcd]) => ({ record: restoreProbe.parse(record!), etcd: readEtcdAnswer(etcd!) }),
  })
  const records = [...answers.values()].map(answer => (answer instanceof HostError ? answer : answer.record))
  const members: EtcdAnswers = new Map(
    [...answers].map(([host, answer]) => [host, answer instanceof HostError ? answer : answer.etcd]),
  )
  refuseOthers(spec, members, lost)
  const { size, revision, keys, time } = manifest
  return {
    attempt: randomBytes(8).toString('hex'),
    cutOff: cutOffRestore(records, sha256),
    archive: { file, sha256 },
    snapshot: { size, sha256: manifest.sha256, revision, keys, time },
    revision: newestRevision(members),
    lost,
  }
}

function newestRevision(answers: EtcdAnswers): number | undefined {
  const all = [...answers.values()].flatMap(answer =>
    answer instanceof HostError || answer.own.said === undefined ? [] : [answer.own.said.revision],
  )
  return all.length === 0 ? undefined : Math.max(...all)
}

function refuseOther(spec: ClusterSpec, { file, manifest }: SnapshotArchive): void {
  const { cluster, kubernetes, host } = manifest
  const version = (text: string) => Number(minorOf(text).split('.')[1])
  const refuse = (problem: string, expected: string, actual: string, next: string) =>
    new UserError({ where: file, problem, expected, actual, next }, { exitCode: exitCodes.badInput })
  if (cluster !== spec.name)
    throw refuse(
      'This is a snapshot of another cluster.',
      `one of ${spec.name}`,
      `one of ${cluster}, taken on ${host}`,
      `Name a snapshot of ${spec.name}, or the file of ${cluster}.`,
    )
  if (version(kubernetes) > version(spec.kubernetes.version))
    throw refuse(
      'This snapshot is of a newer Kubernetes, which may have written what an older one cannot read.',
      `at most ${spec.kubernetes.version}`,
      kubernetes,
      `Set spec.kubernetes.version of ${spec.file} to the version that runs, or name an older snapshot.`,
    )
}
