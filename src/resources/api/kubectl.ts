import type { ProbeResult } from '../../core/resource.ts'
import type { ApiAccess } from './access.ts'
import type { ApiState } from './api-state.ts'

/**
 * The start of every kubectl command line: credentials (default: the administrator's), a time-out, and no discovery cache.
 * kubectl would write the cache to root's home even in a probe; a folder below /dev/null cannot be created.
 */
export function kubectl(api: ApiAccess, requestTimeoutSeconds = 10, kubeconfig = api.adminConf): string {
  return `${api.kubectl} --kubeconfig=${kubeconfig} --cache-dir=/dev/null/evcctl --request-timeout=${requestTimeoutSeconds}s`
}

/**
 * A shell function: `again COMMAND…` repeats a command that is safe to repeat, for up to 40 s. An API server that has just
 * started refuses connections or rights, and etcd has no leader for a moment when the disk of a member is slow.
 */
export const againFunction = `again() {
  end=$(( $(date +%s) + 40 ))
  until "$@"; do
    if [ "$(date +%s)" -ge "$end" ]; then return 1; fi
    sleep 1
  done
}
`

// kubectl repeats what fails, each time with its whole time-out; several such questions travel in one exchange.
const longestAnswer = 12

/**
 * A probe script that asks the API server. Its first line is `api=absent` (this host has no cluster yet),
 * `api=unreachable`, or `api=answered`, after which the output of `command` follows. `command` is a kubectl command line
 * without its start. It is ended after `seconds`.
 */
export function askScript(api: ApiAccess, command: string, seconds = longestAnswer): string {
  return `if [ ! -s ${api.adminConf} ] || ${api.unfinished}; then echo api=absent; exit 0; fi
if answer=$(timeout ${seconds} ${kubectl(api, Math.min(5, seconds))} ${command} </dev/null)
then printf 'api=answered\\n%s\\n' "$answer"
else
  if [ $? = 124 ]; then echo 'no answer within ${seconds} s' >&2; fi
  echo api=unreachable
fi
`
}

/** The output of kubectl, without white space at its end. */
export type Answer = ApiState<{ readonly text: string }>

/** Parses the output of an askScript. */
export function parseAnswer({ stdout, stderr }: ProbeResult): Answer {
  const end = stdout.indexOf('\n')
  const first = end < 0 ? stdout : stdout.slice(0, end)
  if (first === 'api=answered') return { api: 'answered', text: stdout.slice(end + 1).trimEnd() }
  if (first === 'api=absent') return { api: 'absent' }
  return { api: 'unreachable', said: lastSentence(stderr) }
}

// The other lines before it are kubectl's own log; the last line is the error.
function lastSentence(stderr: string): string {
  const lines = stderr.trim().split('\n')
  return (lines.at(-1) ?? '').replace(/ - did you specify the right host or port\?$/, '')
}
