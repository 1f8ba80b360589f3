import { digestOf } from '../../core/digest.ts'
import { syncTreeLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import { type MemberAccess, memberFunctions } from './access.ts'
import { etcdPaths } from './paths.ts'
import { restoreRecord } from './restore-step.ts'

const { folder, archive, db } = restoreRecord

/** A member as it starts again after a restore. */
export interface RestoredMember {
  readonly name: string
  readonly peerURL: string
  /** The folder of its data; absolute. */
  readonly data: string
}

/**
 * Tells members that are restored together from others, in whatever order they are. etcd makes its IDs of their names and
 * addresses, so members that are not made with the same ones refuse each other, whatever their token.
 */
export function membersDigest(members: readonly RestoredMember[]): string {
  return digestOf(new Set(members.map(({ name, peerURL }) => [name, peerURL])))
}

/** A snapshot as its manifest describes it. */
export interface RestoreSource {
  /** Size and sha256 of the database in the archive. */
  readonly size: number
  readonly sha256: string
}

/**
 * How much later all revisions are than in the snapshot: more than any cluster writes between a snapshot and its loss, so
 * that nobody who has seen a revision from after the snapshot takes an old answer for a new one (etcd#16028).
 */
export const revisionBump = 1_000_000_000

/** Checks the archive on the host, and that there is room for the data, before anything is stopped. */
export function checkScript({ size, sha256 }: RestoreSource, { data }: RestoredMember): string {
  return `tar -xzOf ${archive} snapshot.db | head -c ${size + 1} >${db}
[ "$(sha256sum ${db} | cut -d ' ' -f 1)" = ${quote(sha256)} ] || { echo 'snapshot.db in the archive is not what its manifest says' >&2; exit 1; }
${etcdPaths.utility} snapshot status ${db} -w simple >/dev/null
mkdir -p ${quote(data)}
free=$(df -Pk ${quote(data)} | awk 'NR == 2 { print $4 }')
needed=$(( ${size} / 1024 * 2 + 131072 ))
[ "$free" -ge "$needed" ] || { echo "${data} has $(( free / 1024 )) MiB free, and $(( needed / 1024 )) MiB are needed" >&2; exit 1; }
`
}

/**
 * Makes the data of a member from the snapshot, and sets what was there aside. All members are made of the same snapshot, with
 * the same list of members and the same name of the restore: so they are one cluster, and none that is not restored can
 * be taken for one of them. It may be run again after it was cut off anywhere.
 */
export function dataScript(own: RestoredMember, members: readonly RestoredMember[], attempt: string): string {
  const data = quote(own.data)
  const made = quote(`${own.data}/.evcctl-restore`)
  const aside = quote(asideOf(own, attempt))
  const cluster = members.map(({ name, peerURL }) => `${name}=${peerURL}`).join(',')
  return `rm -rf ${made}
${etcdPaths.utility} snapshot restore ${db} --data-dir ${made} --name ${quote(own.name)} --initial-cluster ${quote(cluster)} \\
  --initial-advertise-peer-urls ${quote(own.peerURL)} --initial-cluster-token ${quote(`restore-${attempt}`)} \\
  --bump-revision ${revisionBump} --mark-compacted
${syncTreeLine(made)}
if [ -e ${data}/member ]; then
  # What is set aside already is the old data: then this is what a run that was cut off has made.
  if [ -e ${aside} ]; then rm -rf ${data}/member; else mv -T ${data}/member ${aside}; fi
fi
mv -T ${made}/member ${data}/member
rm -rf ${made}
${syncTreeLine(data)}
`
}

/** How the names of folders begin that hold the data of a member from before a restore. */
export const setAsidePrefix = 'before-restore-'

/** Where the data of a member is from before a restore. */
export function asideOf({ data }: Pick<RestoredMember, 'data'>, attempt: string): string {
  return `${data}/${setAsidePrefix}${attempt}`
}

/**
 * Waits until the member answers, which it does when enough others do. Fails if it has a revision before `revision`: then it does not serve
 * what was restored.
 */
export function memberWellScript(access: MemberAccess, revision: number, seconds = 300): string {
  return `${memberFunctions(access)}end=$(( $(date +%s) + ${seconds} ))
until isWell "$own"; do
  if [ "$(date +%s)" -ge "$end" ]; then ctl --endpoints "$own" --command-timeout 5s endpoint health >&2; exit 1; fi
  echo 'waiting until the members form a quorum'
  sleep 1
done
now=$(ctl --endpoints "$own" --command-timeout 5s endpoint status -w json | sed -n 's/.*"revision":\\([0-9]*\\).*/\\1/p')
if [ "\${now:-0}" -lt ${revision} ]; then
  echo "the member serves revision \${now:-?}, and what was restored begins at ${revision}" >&2
  exit 1
fi
`
}

/** Removes what is not needed any more; the record stays, so that a run that was cut off here knows that all is done. */
export const endScript = `rm -f ${archive} ${db} ${folder}/snapshot.tar.gz.*\n`
