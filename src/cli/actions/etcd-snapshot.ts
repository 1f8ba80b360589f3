import { join } from 'node:path'
import type { ClusterSpec } from '../../config/index.ts'
import { type ExitCode, exitCodes, UserError } from '../../core/index.ts'
import { printable } from '../../report/index.ts'
import { createPool } from '../../ssh/index.ts'
import { askEtcd, etcdHosts, refuseForeign } from '../etcd/ask-etcd.ts'
import { type EtcdReport, etcdReport } from '../etcd/etcd-report.ts'
import { bytesText } from '../etcd/etcd-text.ts'
import { prepareFolder, saveFile } from '../etcd/save-file.ts'
import { type TakenSnapshot, takeSnapshot } from '../etcd/take-snapshot.ts'
import { listenForInterrupts } from '../run/interrupts.ts'
import { openCluster } from '../run/open-cluster.ts'
import { printJson, printLine, writeError } from '../terminal/streams.ts'

export interface EtcdSnapshotOptions {
  readonly file: string
  readonly output: 'text' | 'json'
  /** A folder of this machine to which it is copied. */
  readonly save?: string | undefined
  /** The host that takes it; undefined: one with a healthy member. */
  readonly host?: string | undefined
}

/** `evcctl etcd snapshot`: takes a snapshot on the host of a healthy member. */
export async function etcdSnapshot({ file, output, save, host: named }: EtcdSnapshotOptions): Promise<ExitCode> {
  const { spec, targets } = await openCluster(file)
  refuseForeign(spec, 'Its owner takes its snapshots.')
  if (named !== undefined) refuseOtherHost(spec, named)
  if (save !== undefined) await prepareFolder(save)
  using interrupts = listenForInterrupts(() => {})
  const signal = interrupts.stop
  const host = named ?? giver(spec, etcdReport(spec, await askEtcd(spec, targets, signal)))
  await using pool = createPool(targets.filter(({ name }) => name === host))
  if (process.stderr.isTTY && output === 'text') writeError(`Taking a snapshot on ${host} …\n`)
  const taken = await takeSnapshot(await pool.session(host, signal), signal)
  const to = save === undefined ? undefined : join(save, `${spec.name}-${host}-${taken.time}.tar.gz`)
  const sha256 = to === undefined ? undefined : await saveFile(pool, taken, to, signal)
  if (output === 'json') printJson({ type: 'etcd:snapshot', cluster: spec.name, ...taken, saved: to, sha256 })
  else printLine(snapshotText(taken, to))
  return exitCodes.ok
}

function refuseOtherHost(spec: ClusterSpec, host: string): void {
  const names = etcdHosts(spec).map(({ name }) => name)
  if (names.includes(host)) return
  throw new UserError(
    {
      where: '--host',
      problem: `${host} has no member of etcd in ${spec.file}.`,
      next: `Those with one: ${names.join(', ')}`,
    },
    { exitCode: exitCodes.badInput },
  )
}

// A follower, since the leader has the most to do.
function giver({ file }: ClusterSpec, { members }: EtcdReport): string {
  const fit = members.filter(
    ({ health, role, host }) => health.state === 'ok' && role === 'voter' && host !== undefined,
  )
  const chosen = fit.find(({ leader }) => !leader) ?? fit[0]
  if (chosen?.host !== undefined) return chosen.host
  throw new UserError({
    where: file,
    problem: 'No snapshot was taken: no member of etcd is healthy.',
    next: `See which, and why: evcctl etcd status ${file}`,
  })
}

/** The snapshot for people: where it is, and what is in it. */
export function snapshotText(taken: TakenSnapshot, saved: string | undefined): string {
  const { host, path, revision, keys, hash, bytes, warnings } = taken
  return [
    `${host}: ${path}`,
    `  ${bytesText(bytes)}, ${keys} keys at revision ${revision}, hash ${hash}; read back`,
    ...(saved === undefined
      ? []
      : [`saved: ${saved}`, '  It holds the private keys of the cluster: keep it where only you can read it.']),
    ...warnings.map(warning => `! ${printable(warning)}`),
  ].join('\n')
}
