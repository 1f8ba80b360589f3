import type { ErrorDetails } from '../../core/error-details.ts'
import { quote } from '../../shell/quote.ts'
import { clientPort, etcdFunction } from './stacked-members.ts'

// The text before the reason when the script prints on stderr that the member of this host may not be stopped.
const notSparedMark = '--- not stopped: '

/** How long to wait for the other members, s: one may just have been started. */
const patienceSeconds = 90

const own = quote(`https://127.0.0.1:${clientPort}`)

/**
 * A shell function `spared` for a member of the stacked etcd that is about to be stopped. It waits until as many of the other
 * voting members answer as the quorum needs, and fails with the reason if they do not. With one or two members a stop always
 * costs the quorum, and is allowed. A member that does not run, or runs and three times does not answer, or not without a quorum, has
 * nothing to lose. Needs `processFunction`.
 *
 * Members are asked for a linearizable read, which one that has just started and has to catch up does not answer yet.
 */
export const sparedFunction = `${etcdFunction}own_answers() {
  self=$(etcd ${own} maintenance/status '{}' | sed -n 's/.*"member_id":"\\([0-9]*\\)".*/\\1/p')
  [ "$self" ] && list=$(etcd ${own} cluster/member/list '{}')
}
silent_members() {
  voters=0
  others=0
  silent=
  for member in $(printf '%s' "$list" | tr '{' '\\n' | grep '"ID":' | grep -v '"isLearner":true' | tr -d '" ' |
    sed -n 's/.*ID:\\([0-9]*\\),name:\\([^,]*\\),.*clientURLs:\\[\\([^],]*\\).*/\\1,\\2,\\3/p; t; s/.*ID:\\([0-9]*\\).*/\\1,\\1,/p'); do
    voters=$(( voters + 1 ))
    id=\${member%%,*}
    url=\${member##*,}
    if [ "$id" = "$self" ]; then continue; fi
    if [ -n "$url" ] && etcd "$url" kv/range '{"key":"aGVhbHRo"}' >/dev/null; then others=$(( others + 1 ))
    else
      name=\${member#*,}
      silent="$silent\${silent:+, }\${name%,*}"
    fi
  done
  if [ "$voters" -gt 2 ] && [ "$silent" ] && [ "$others" -lt $(( voters / 2 + 1 )) ]; then echo "$silent"; fi
}
spared() {
  end=$(( $(date +%s) + ${patienceSeconds} ))
  unanswered=0
  while :; do
    if own_answers; then
      unanswered=0
      silent=$(silent_members)
      if [ -z "$silent" ]; then return 0; fi
      if [ "$(date +%s)" -ge "$end" ]; then
        echo ${quote(notSparedMark)}"$silent" >&2
        return 1
      fi
      echo "waiting before etcd is stopped for a moment: $silent does not answer"
    else
      unanswered=$(( unanswered + 1 ))
      if [ "$unanswered" -ge 3 ] || [ -z "$(process_of etcd)" ]; then return 0; fi
    fi
    sleep 2
  done
}
`

/** Explains a failure of `spared`; undefined for any other failure. */
export function explainNotSpared(stderr: string): ErrorDetails | undefined {
  const silent = stderr.split(notSparedMark)[1]?.trim()
  if (silent === undefined) return undefined
  return {
    problem: 'The member of etcd on this host was not stopped for the upgrade: the others would have no quorum.',
    expected: 'more than half of the voting members answer while one is stopped',
    actual: `no answer from ${silent}`,
    next: 'See why on that host: journalctl -u kubelet, and /var/log/pods/kube-system_etcd-*. Then apply again. If the host is lost, give it state: absent: its member goes before the upgrade.',
  }
}
