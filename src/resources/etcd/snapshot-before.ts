import type { Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { linesOf } from '../support/index.ts'
import { etcdSnapshots } from './snapshots.ts'

const { folder, script } = etcdSnapshots
/** For how long a snapshot counts as the one of before a change that takes several runs, h. */
const goodForHours = 24

/** How long it may take, ms: the script itself waits for half an hour, and gives etcd and a copy half an hour each. */
const longMs = 5_500_000

/** The last snapshot that a host has taken before a change. */
export interface SnapshotBeforeState {
  /** The changes it was taken for. Undefined: there is none, it was removed, or it is too old to count. */
  readonly changes: string | undefined
}

export interface SnapshotBeforeParameters {
  /** The kind of change; one word. */
  readonly before: string
  /** What is changed, in words for the plan; one line. */
  readonly changes: string
}

/**
 * A snapshot of etcd that is taken on this host before the cluster is changed. It is one per change: when a run is cut off,
 * the next one finds it and takes no other, for 24 hours. Declare it with `enters`, so that it is taken only if something
 * of the change is about to be written.
 */
export function etcdSnapshotBefore({
  before,
  changes,
}: SnapshotBeforeParameters): Resource<SnapshotBeforeState, { readonly changes: string }> {
  // What the last one was taken for, and its file.
  const record = `${folder}/.before-${before}`
  return {
    kind: 'etcd snapshot',
    name: before,
    title: 'take a snapshot of etcd',
    probe: {
      script: `[ ! -f ${record} ] || {
  taken=$(sed -n 's/^snapshot=//p' ${record})
  case $taken in ${folder}/*) ;; *) taken=/dev/null ;; esac
  if [ -f "$taken" ] && [ $(( $(date +%s) - $(stat -c %Y "$taken") )) -lt ${goodForHours * 3600} ]; then
    sed -n 's/^changes=//p' ${record} | sed 's/^/changes=/'
  fi
}
`,
      parse: raw => ({ changes: linesOf(raw, 'changes')[0] }),
    },
    // It looks at the age of the snapshot.
    volatile: ['changes'],
    desired: { changes },
    diff(current) {
      if (current.changes === changes) return undefined
      return {
        action: 'run',
        fields: [{ field: 'before', after: changes }],
        note: `into ${folder}, with the keys and the configuration of this host`,
      }
    },
    converge: () => [
      {
        run: `taken=$(${script}) || exit
printf '%s\\n' "$taken"
umask 077
{ printf '%s\\n' ${quote(`changes=${changes}`)}; printf '%s\\n' "$taken" | grep '^snapshot='; } >${record}.next
mv -fT ${record}.next ${record}
`,
        timeoutMs: longMs,
      },
    ],
    explain: ({ stderr, stdout }) => ({
      problem: 'No snapshot of etcd could be taken, and nothing is changed without one.',
      actual: stderr.trim() || stdout.trim(),
      next: 'Fix this and run apply again. Or change the cluster without a snapshot: set spec.etcd.backup.beforeChanges to false.',
    }),
  }
}
