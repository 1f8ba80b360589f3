import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { Countdown } from '../../core/countdown.ts'
import { HostError } from '../../core/errors.ts'
import { Tail } from '../../shell/collectors.ts'
import { syncLine } from '../../shell/on-disk.ts'
import { quote } from '../../shell/quote.ts'
import type { Connection } from '../connection.ts'
import { hostError, sshCommand } from '../failure.ts'
import { initialRoot } from '../root-channel.ts'
import { runCommand } from '../run.ts'

const longestMs = 60_000

/** The result of authorizing a key. */
export interface Authorized {
  readonly added: boolean
  /** `ls -ld` of the home folder, whose permissions sshd's StrictModes checks. */
  readonly home: string
}

/**
 * The script that adds a line to ~/.ssh/authorized_keys of the user who runs it, unless the file has the key already. It
 * writes the whole file and renames it into place, with mode 0600 in a folder of mode 0700. Existing lines stay, and a
 * last line without a line break gets one. It prints `<nonce> added` or `<nonce> there`, then `ls -ld` of the home folder.
 * Pure.
 */
export function authorizeScript(publicLine: string, nonce: string): string {
  const [type = '', blob = ''] = publicLine.split(' ')
  // Inside main() { … } nothing runs before the whole script has arrived.
  return `main() {
set -u
umask 077
LC_ALL=C
folder=$HOME/.ssh
[ -d "$folder" ] || mkdir "$folder" || return 1
chmod 0700 "$folder" || return 1
file=$folder/authorized_keys
# A link into a managed folder stays one.
[ ! -L "$file" ] || file=$(readlink -f "$file") || return 1
new=$file.evcctl-${nonce}
trap 'rm -f "$new"; exit 1' HUP INT TERM
found=there
grep -v '^[[:space:]]*#' "$file" 2>/dev/null | grep -qF ${quote(`${type} ${blob}`)} || found=added
if [ $found = added ]; then
  : >"$new" || return 1
  { { [ ! -e "$file" ] || cat "$file"; } &&
    { [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo; } &&
    printf '%s\\n' ${quote(publicLine)}; } >"$new" && ${syncLine('"$new"')} && mv -fT "$new" "$file" || { rm -f "$new"; return 1; }
fi
chmod 0600 "$file" || return 1
! command -v restorecon >/dev/null 2>&1 || restorecon -F "$folder" "$file" 2>/dev/null
echo "${nonce} $found"
ls -ld "$HOME"
}
main </dev/null; exit
`
}

/**
 * Authorizes a key for the user of a connection. The script is sent on stdin, so that `ps` does not show it. Rejects with
 * HostError.
 */
export async function authorize(connection: Connection, publicLine: string, signal: AbortSignal): Promise<Authorized> {
  const { endpoint } = connection
  const nonce = randomBytes(8).toString('hex')
  using timeout = new Countdown(longestMs)
  const [stdout, stderr] = [new Tail(), new Tail()]
  const fail = (actual: string): HostError =>
    hostError(endpoint, 'login', {
      problem: `the key could not be written to ~${endpoint.user}/.ssh/authorized_keys`,
      expected: `a home folder in which ${endpoint.user} owns and may write ~/.ssh`,
      actual,
      next: `${sshCommand(endpoint)} ls -lad . .ssh .ssh/authorized_keys`,
    })
  try {
    const { exitCode } = await runCommand(connection, initialRoot(endpoint.user, undefined), {
      command: 'exec /bin/sh -s',
      sudo: false,
      signal: AbortSignal.any([signal, timeout.signal]),
      stdin: Readable.from([authorizeScript(publicLine, nonce)]),
      onStdout: chunk => stdout.add(chunk),
      onStderr: chunk => stderr.add(chunk),
    })
    const [, found, home] = new RegExp(`^${nonce} (added|there)\\r?\\n(.*)$`, 'm').exec(stdout.text()) ?? []
    if (exitCode !== 0 || found === undefined)
      throw fail(`${stderr.text()}${stdout.text()}`.trim() || `exit code ${exitCode}, and no output`)
    return { added: found === 'added', home: home?.trim() ?? '' }
  } catch (error) {
    if (timeout.signal.aborted && !signal.aborted && error instanceof HostError && error.kind === 'cancelled')
      throw fail(`no end within ${longestMs / 1000} s: its disk or home folder may hang`)
    throw error
  }
}
