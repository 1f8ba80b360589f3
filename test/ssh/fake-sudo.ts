import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { quote } from '../../src/shell/quote.ts'

/** How the sudo of a test server behaves. `missing`: there is none. */
export type SudoBehaviour =
  | 'no password'
  | 'missing'
  | 'wants a terminal'
  | 'not allowed'
  | 'silent'
  | {
      readonly password: string
      readonly lecture?: string
      /** Printed on stderr whatever is asked for, as warnings about the sudoers file. */
      readonly noise?: string
      /** What happens after the right password instead of the command. */
      readonly after?: 'expired' | 'forbidden' | 'silence'
      /** After it was given once, it is not asked for any more. */
      readonly thenNone?: boolean
      /** What it prints for `-n`. Default: that a password is required. */
      readonly refusal?: string
    }

// As sudo 1.9 reads its options; every run is noted in `log`, one line of arguments each.
const head = (log: string): string => `#!/bin/sh
echo "$*" >>${quote(log)}
prompt='[sudo] password: '
ask=
stdin=
while [ "$#" -gt 0 ]; do
  case $1 in
    -k) ;;
    -n) ask=no ;;
    -S) stdin=yes ;;
    -p) prompt=$2; shift ;;
    --) shift; break ;;
    *) break ;;
  esac
  shift
done
`

function body(behaviour: SudoBehaviour): string {
  switch (behaviour) {
    case 'no password':
      return 'exec "$@"\n'
    case 'wants a terminal':
      return "echo 'sudo: sorry, you must have a tty to run sudo' >&2\nexit 1\n"
    case 'not allowed':
      return "echo 'ubuntu is not in the sudoers file.  This incident will be reported.' >&2\nexit 1\n"
    case 'silent':
      return 'exec sleep 60\n'
    case 'missing':
      return ''
    default:
      return `${behaviour.thenNone === true ? '[ ! -e "$0.given" ] || exec "$@"\n' : ''}${behaviour.noise === undefined ? '' : `echo ${quote(behaviour.noise)} >&2\n`}if [ "$ask" = no ]; then echo ${quote(behaviour.refusal ?? 'sudo: a password is required')} >&2; exit 1; fi
${behaviour.lecture === undefined ? '' : `echo ${quote(behaviour.lecture)} >&2\n`}for try in 1 2 3; do
  printf '%s' "$prompt" >&2
  IFS= read -r line || { echo 'sudo: no password was provided' >&2; exit 1; }
  printf '%s\n' "$line" >>"$0.read"
  [ "$line" = ${quote(behaviour.password)} ] && : >"$0.given" && ${after(behaviour.after)}
  echo 'Sorry, try again.' >&2
done
echo 'sudo: 3 incorrect password attempts' >&2
exit 1
`
  }
}

function after(what: 'expired' | 'forbidden' | 'silence' | undefined): string {
  switch (what) {
    case 'expired':
      return "{ echo 'sudo: Account or password is expired, reset your password and try again' >&2; printf 'Current password: ' >&2; exec sleep 600; }"
    case 'forbidden':
      return "{ echo 'ubuntu steht nicht in der sudoers-Datei.' >&2; exit 1; }"
    case 'silence':
      return 'exec sleep 600'
    default:
      return 'exec "$@"'
  }
}

/** Puts a fake sudo, and an `id` that says this uid, into `<folder>/bin` and gives the PATH to run with. */
export async function fakeSudo(
  folder: string,
  behaviour: SudoBehaviour,
  uid: number,
): Promise<{ path: string; log: string }> {
  const bin = join(folder, 'bin')
  const log = join(folder, 'sudo.log')
  await mkdir(bin, { recursive: true })
  await writeFile(log, '')
  await writeFile(join(bin, 'id'), `#!/bin/sh\n[ "$*" = -u ] && echo ${uid} && exit\nexec /usr/bin/id "$@"\n`, {
    mode: 0o755,
  })
  if (behaviour === 'missing') return { path: bin, log }
  const file = join(bin, 'sudo')
  await writeFile(file, head(log) + body(behaviour))
  await chmod(file, 0o755)
  return { path: `${bin}:${process.env.PATH ?? ''}`, log }
}
