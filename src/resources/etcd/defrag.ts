import { askingProbeMs } from '../../core/limits.ts'
import type { Change, Resource } from '../../core/resource.ts'
import { quote } from '../../shell/quote.ts'
import { fieldsOf, refuse, unreadable } from '../support/index.ts'
import { type MemberAccess, memberFunctions } from './access.ts'
import { etcdPaths } from './paths.ts'

/** What a defragmentation of a member can win. Sizes are in bytes. */
export interface EtcdSpace {
  /** `absent`: there is no member, or no etcdctl. `unwell`: the member, or another one, does not answer. */
  readonly state: 'absent' | 'unwell' | 'well'
  readonly size: number
  readonly inUse: number
}

/** Less than this is not worth that a member stands still, bytes; and a share of the whole. */
const worth = { bytes: 1024 * 1024, share: 0.2 }

/** The longest time for one database, ms: etcd copies it, and a disk that is slow may need minutes for some GiB. */
const defragMs = 600_000

/**
 * A database of etcd without space that nothing uses any more. The member answers nobody while it copies its database, so
 * this begins only when all members are well, a leader hands over to `successor` before, and the task ends when the member
 * is well again.
 */
export function etcdDefrag({
  name,
  access,
  successor,
}: {
  readonly name: string
  readonly access: MemberAccess
  /** Another member; undefined: there is none. */
  readonly successor: string | undefined
}): Resource<EtcdSpace, Record<never, never>> {
  const functions = memberFunctions(access)
  return {
    kind: 'etcd defragmentation',
    name,
    title: 'defragment etcd',
    probe: {
      script: `if [ -x ${etcdPaths.client} ] && [ -s ${access.is} ]; then
${functions}  all=$(everybody 2>/dev/null)
  if isWell "$all" && status=$(ctl --endpoints "$own" --command-timeout 5s endpoint status -w json 2>/dev/null); then
    echo state=well
    for name in dbSize dbSizeInUse; do echo "$name=$(printf '%s' "$status" | sed -n 's/.*"'"$name"'":\\([0-9]*\\).*/\\1/p')"; done
  else echo state=unwell; fi
else echo state=absent; fi
`,
      timeoutMs: askingProbeMs + 5_000,
      parse(raw) {
        const fields = fieldsOf(raw, ['state'])
        const [state = 'unwell'] = (['absent', 'well'] as const).filter(one => one === fields.get('state'))
        if (state !== 'well') return { state, size: 0, inUse: 0 }
        const [size, inUse] = ['dbSize', 'dbSizeInUse'].map(key => {
          if (!/^\d{1,15}$/.test(fields.get(key) ?? '')) throw unreadable(raw, `a number of bytes as ${key}`)
          return Number(fields.get(key))
        }) as [number, number]
        return { state, size, inUse }
      },
    },
    desired: {},
    diff({ state, size, inUse }): Change | undefined {
      if (state === 'absent')
        return refuse({
          problem: 'There is no member of etcd on this host that evcctl can defragment.',
          expected: `${access.is} and ${etcdPaths.client}`,
          next: 'Make it first: evcctl apply',
        })
      if (state === 'unwell')
        return refuse({
          problem: 'etcd is not defragmented while a member does not answer: each one stands still for a while.',
          expected: 'all members are healthy, and all of them vote',
          next: 'See which is not, and why: evcctl etcd status',
        })
      const won = size - inUse
      if (won < worth.bytes || won < size * worth.share) return undefined
      return {
        action: 'run',
        fields: [{ field: 'database', before: mebibytes(size), after: `about ${mebibytes(inUse)}` }],
        note: 'the member answers nobody meanwhile; the others do',
      }
    },
    converge: () => [
      {
        run: `${functions}all=$(everybody)
end=$(( $(date +%s) + 60 ))
until isWell "$all"; do
  if [ "$(date +%s)" -ge "$end" ]; then echo 'not all members are healthy' >&2; exit 1; fi
  echo 'waiting until all members are healthy'
  sleep 1
done
${successor === undefined ? '' : handOver(successor)}echo 'copying the database'
ctl --endpoints "$own" --command-timeout ${defragMs / 1000}s defrag
end=$(( $(date +%s) + 60 ))
until isWell "$all"; do
  if [ "$(date +%s)" -ge "$end" ]; then echo 'not all members are healthy again' >&2; exit 1; fi
  sleep 1
done
`,
        timeoutMs: defragMs + 180_000,
      },
    ],
    explain: failure => ({
      problem: `The database of etcd on ${name} was not defragmented.`,
      actual: failure.stderr.trim() || failure.stdout.trim(),
      next: 'See how the members are: evcctl etcd status. What was not done is done by the next evcctl etcd defrag.',
    }),
  }
}

// A leader that stands still costs an election, in which nobody can write.
function handOver(successor: string): string {
  return `status=$(ctl --endpoints "$own" --command-timeout 5s endpoint status -w json)
number() { printf '%s' "$status" | sed -n 's/.*"'"$1"'":\\([0-9]*\\).*/\\1/p'; }
if [ "$(number member_id)" = "$(number leader)" ]; then
  to=$(ctl --endpoints "$own" --command-timeout 5s member list -w simple | awk -F', ' -v name=${quote(successor)} '$3 == name { print $1 }')
  if [ -n "$to" ]; then ctl --endpoints "$own" --command-timeout 10s move-leader "$to"; fi
fi
`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
