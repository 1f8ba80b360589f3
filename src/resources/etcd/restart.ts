import type { ErrorDetails } from '../../core/error-details.ts'
import { hasQuorum, type Member, memberOf, quorumOf, type WantedMember } from '../../etcd/index.ts'
import { quote } from '../../shell/quote.ts'
import { etcdctl } from './paths.ts'
import type { EtcdHost } from './wanted.ts'

/** The text before the reason when the script prints on stderr that a member may not be restarted. */
export const costsQuorumMark = '--- not restarted: '

/** How long to wait for the other members to become healthy, s: one may just have been started. */
const patienceSeconds = 45

/** Shell command that succeeds when the member at this client URL belongs to a cluster with a quorum. */
export function memberWorks(clientURL: string): string {
  return `${etcdctl(quote(clientURL), 5)} endpoint health >/dev/null 2>&1`
}

/**
 * Lines of sh that end with an error where a restart of this healthy member leaves fewer voting members than a quorum,
 * because others do not answer. A member that is not healthy has nothing to lose. With one or two healthy members, a restart
 * always costs the quorum, and is allowed. The script asks etcd's own /health, too: a client that fails is no sign that a
 * member is down.
 */
export function guardScript({ clientURL }: EtcdHost): string {
  const own = quote(clientURL)
  const health = "curl -q --silent --noproxy '*' --max-time 3 http://127.0.0.1:2381/health 2>/dev/null"
  return `works() { ${memberWorks(clientURL)} || ${health} | grep -q '"health": *"true"'; }
well() { works || { sleep 2; works; } || { sleep 2; works; }; }
missing() {
  if ! list=$(${etcdctl(own, 5)} member list -w simple 2>&1); then
    echo "the members cannot be asked: $(printf '%s' "$list" | tail -n 1 | cut -c 1-300)"
    return 0
  fi
  all=$(printf '%s\\n' "$list" | awk -F', ' '$5 != "" { printf "%s%s", sep, $5; sep = "," }')
  { ${etcdctl('"$all"', 5)} endpoint health 2>&1 || :; printf '%s\\n' "$list"; } | awk -F', ' -v own=${own} '
    / is healthy: / { split($0, word, " "); up[word[1]] = 1; next }
    NF < 6 || $6 != "false" { next }
    {
      voters++; self = 0; well = 0
      for (i = split($5, urls, ","); i > 0; i--) { if (urls[i] == own) self = 1; if (urls[i] in up) well = 1 }
      if (self) votes = 1
      else if (well) others++
      else { down = down sep ($3 == "" ? $4 : $3); sep = ", " }
    }
    END { if (votes && down != "" && others < int(voters / 2) + 1) print down " does not answer" }'
}
end=$(( $(date +%s) + ${patienceSeconds} ))
while well; do
  reason=$(missing)
  if [ -z "$reason" ]; then break; fi
  if [ "$(date +%s)" -ge "$end" ]; then echo ${quote(costsQuorumMark)}"$reason" >&2; exit 1; fi
  echo "waiting with the restart: $reason"
  sleep 2
done
`
}

/** What a plan can say of a restart: why it is refused, or which members it waits for. */
export interface RestartOutlook {
  readonly refused?: ErrorDetails
  readonly waitsFor?: string
}

/**
 * The result of a restart of `own` with the members as they are now. Earlier tasks remove a member that does not answer
 * and is no longer desired or has lost its data, and start a member that has data.
 */
export function restartOutlook(
  own: EtcdHost,
  wanted: readonly WantedMember[],
  members: readonly Member[],
): RestartOutlook {
  const self = memberOf({ ...own, data: 'present' }, members)
  if (self === undefined || self.learner || !self.healthy) return {}
  const hostOf = (member: Member) => wanted.find(host => memberOf(host, members) === member)
  const staying = members.filter(
    member => member.healthy || ['present', 'unreachable'].includes(hostOf(member)?.data ?? ''),
  )
  const down = staying.filter(member => !member.learner && !member.healthy)
  const without = quorumOf(staying.map(member => (member === self ? { ...member, healthy: false } : member)))
  if (down.length === 0 || hasQuorum(without)) return {}
  const gone = down.filter(member => hostOf(member)?.data === 'unreachable')
  const names = (some: readonly Member[]) => some.map(member => hostOf(member)!.name).join(', ')
  // Members that are started before count, but only once they run.
  if (hasQuorum({ ...without, healthy: without.healthy + down.length - gone.length })) return { waitsFor: names(down) }
  return { refused: costsQuorum(own.name, `${names(gone)} does not answer`) }
}

/** `actual`: the members that do not answer. */
export function costsQuorum(name: string, actual: string): ErrorDetails {
  return {
    problem: `${name} is not restarted: etcd would lose its quorum.`,
    expected: 'more than half of the voting members answer while one is restarted',
    actual,
    next: 'Get the others running first: systemctl status etcd, and journalctl -u etcd, on their hosts. Or remove a lost host from cluster.yaml: then evcctl removes its member from etcd.',
  }
}
