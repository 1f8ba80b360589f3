import { quote, quoteAll } from '../../shell/quote.ts'
import { etcdFunction, type StackedMember } from './stacked-members.ts'

/** How long the script tries to move the leadership, and then to remove the member, s each. */
const patienceSeconds = 60

/**
 * A script that moves the leadership off a member and removes it from etcd. Before it removes the member it compares: the
 * members have to be those that the removal was planned for, and as many of the others as the quorum needs have to answer.
 * It succeeds if the member is gone, whatever etcd answered.
 *
 * @param needed how many of the voting members that stay have to answer
 */
export function removeMemberScript(members: readonly StackedMember[], leaving: StackedMember, needed: number): string {
  const staying = members.filter(member => member !== leaving)
  const voters = staying.filter(({ learner }) => !learner)
  const urls = (list: readonly StackedMember[]) => quoteAll(list.flatMap(({ clientURLs }) => clientURLs.slice(0, 1)))
  const id = decimal(leaving)
  const target = voters.find(({ healthy }) => healthy) ?? voters[0]
  return `${etcdFunction}answering() {
  for url in ${urls(voters)}; do
    if said=$(etcd "$url" "$1" "$2"); then return 0; fi
  done
  printf '%s\\n' "\${said:-no member that stays answers}" >&2
  return 1
}
# One line a member: its ID and the first peer URL.
listed() {
  answering cluster/member/list '{"linearizable":true}' || return 1
  printf '%s' "$said" | tr '{' '\\n' | sed -n 's/.*"ID":"\\([0-9]*\\)".*"peerURLs":\\["\\([^"]*\\)".*/\\1 \\2/p' | sort
}
leader() {
  answering maintenance/status '{}' 2>/dev/null || return 1
  printf '%s' "$said" | sed -n 's/.*"leader":"\\([0-9]*\\)".*/\\1/p'
}
end=$(( $(date +%s) + ${patienceSeconds} ))
while [ "$(leader || :)" = ${id} ]; do
  echo 'moving the leadership to another member'
  if [ "$(date +%s)" -ge "$end" ]; then echo 'the member that leaves is still the leader' >&2; exit 1; fi
  etcd ${urls([leaving]) || "''"} maintenance/transfer-leadership '{"targetID":"${target === undefined ? '' : decimal(target)}"}' >/dev/null || sleep 1
done
expected=${quote(
    members
      .map(member => `${decimal(member)} ${member.peerURLs[0] ?? ''}`)
      .sort()
      .join('\n'),
  )}
end=$(( $(date +%s) + ${patienceSeconds} ))
while :; do
  if now=$(listed); then
    case "
$now" in *"
${id} "*) ;; *) exit 0 ;; esac
    if [ "$now" != "$expected" ]; then
      { echo 'The members of etcd have changed since this was planned, so nothing was removed. Now:'; printf '%s\\n' "$now"; } >&2
      exit 1
    fi
    healthy=0
    for url in ${urls(voters)}; do
      if etcd "$url" maintenance/status '{}' >/dev/null; then healthy=$(( healthy + 1 )); fi
    done
    if [ "$healthy" -ge ${needed} ]; then answering cluster/member/remove '{"ID":"${id}"}' >/dev/null || :
    else echo "$healthy of ${voters.length} members that would be left answer, ${needed} needed" >&2
    fi
    if now=$(listed); then
      case "
$now" in *"
${id} "*) ;; *) exit 0 ;; esac
    fi
  fi
  if [ "$(date +%s)" -ge "$end" ]; then exit 1; fi
  echo 'waiting until etcd lets the member go'
  sleep 2
done
`
}

function decimal({ id }: StackedMember): string {
  return BigInt(`0x${id}`).toString()
}
