import { hideInOutput } from '../core/credential-text.ts'
import type { HostError } from '../core/errors.ts'
import { quote } from '../shell/quote.ts'
import { hostError, sshCommand } from './failure.ts'
import type { Endpoint } from './resolve.ts'

/** How evcctl becomes root on a host: the login is root, sudo without a password, or sudo with a password. */
export type RootMode = 'root' | 'sudo' | 'sudo with password'

/** The command that runs as root. Its words are always the same; everything that differs travels on stdin. */
export type RootProgram = 'script' | 'receive'

/** What sudo prints when it wants the password. */
export const passwordPrompt = 'evcctl-password:'
/** What the shell behind sudo prints once it runs. */
export const rootReady = 'evcctl-root'
/** The line that follows the password. */
export const passwordEnd = 'evcctl-go'

/** What the login prints on stderr before it becomes root, followed by its uid. */
export const loginReady = 'evcctl-login:'

const shell = '/bin/sh -s'
// One line of stdin is the script; all after it is for what the script starts. The shell reads byte by byte here.
const receive = 'IFS= read -r evcctl_line && eval "$evcctl_line"'
// Root is who has the uid 0, whatever the name. The first line tells a login that runs no commands from a sudo that refuses.
const plainSudo = `/bin/sh -c ${quote(`evcctl_uid=$(id -u); echo ${loginReady}$evcctl_uid >&2; [ "$evcctl_uid" = 0 ] && exec "$@"; exec sudo -k -n -- "$@"`)} sh`

/**
 * The command that becomes root: as it is for root, else with sudo where the uid is not 0. It is the same in every
 * exchange; passwords and scripts are never part of it.
 */
export function rootCommand(mode: RootMode, program: RootProgram): string {
  const plain = program === 'script' ? shell : `/bin/sh -c ${quote(receive)}`
  if (mode === 'root') return plain
  if (mode === 'sudo') return `${plainSudo} ${plain}`
  return `${passwordSudo} ${quote(afterPassword(program === 'script' ? `exec ${shell}` : receive))}`
}

/** The command that runs `program`, which finds `argument` as `$1`, as root. */
export function rootProgram(mode: RootMode, program: string, argument: string): string {
  const tail = `sh ${quote(argument)}`
  if (mode === 'root') return `/bin/sh -c ${quote(program)} ${tail}`
  if (mode === 'sudo') return `${plainSudo} /bin/sh -c ${quote(program)} ${tail}`
  return `${passwordSudo} ${quote(afterPassword(program))} ${tail}`
}

// -k: sudo with a cached login would leave the password line unread.
const passwordSudo = `sudo -k -S -p ${passwordPrompt} -- /bin/sh -c`

// Where sudo wants no password after all, the password line is still there: it is read and dropped, never run or printed.
// Without the line that follows it nothing runs: the connection was lost, or the command cancelled.
function afterPassword(program: string): string {
  return `echo ${rootReady} >&2; IFS= read -r evcctl_line; [ "$evcctl_line" = ${passwordEnd} ] || IFS= read -r evcctl_line || exit 1; ${program}`
}

/**
 * True when another try with the password could help. Whether sudo wants one is found out by trying: what it prints may
 * be translated, a lecture or a warning about something else. 126 and 127 say that it cannot be run at all, and without
 * the first line of ours the login does not run commands.
 */
export function mayWantPassword(exitCode: number, stderr: string): boolean {
  return exitCode !== 127 && exitCode !== 126 && stderr.includes(loginReady)
}

/** The uid that the login printed; undefined before it has. */
export function loginUid(stderr: string): number | undefined {
  const digits = new RegExp(`${loginReady}(\\d+)\\s`).exec(stderr)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * Why the host did not become root; `stderr` and `stdout` are what was printed instead of the script's beginning. What was
 * decided was decided by exit codes; words of the host only make the message more exact.
 */
export function rootError(
  endpoint: Endpoint,
  mode: RootMode,
  raw: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
): HostError {
  const { user } = endpoint
  const said = [saidIn(raw.stderr), hideInOutput(raw.stdout.trim())].filter(text => text !== '').join('\n')
  const shown = said === '' ? `exit code ${raw.exitCode}, and no output` : said
  const fail = (problem: string, expected: string, next: string): HostError =>
    hostError(endpoint, 'root', { problem, expected, actual: shown, next })
  const sayExpired = (): HostError =>
    fail(
      `the password of ${user} has expired`,
      'a password that is valid: until it is changed, no command runs',
      `${sshCommand(endpoint, ' -t')}   (it asks for a new one; as root there: passwd ${user}, or chage -d today ${user})`,
    )
  if (mode === 'root' || (mode === 'sudo' && !raw.stderr.includes(loginReady))) {
    if (hints.expired.test(said)) return sayExpired()
    return fail(
      mode === 'root' ? `the shell of ${user} did not run the script` : `the login of ${user} does not run commands`,
      mode === 'root' ? '/bin/sh -s runs what it reads' : 'a login shell, and no command that is forced',
      `${sshCommand(endpoint)} /bin/sh -c id`,
    )
  }
  if (raw.exitCode === 127)
    return fail(
      `sudo is not installed, and ${user} is not root`,
      'sudo, or a login as root',
      `${sshCommand({ ...endpoint, user: 'root' })}   (su -c 'apt-get install sudo' on it)`,
    )
  if (hints.expired.test(said)) return sayExpired()
  if (hints.terminal.test(said))
    return fail(
      'sudo wants a terminal (requiretty)',
      `a line "Defaults:${user} !requiretty" in the sudoers file`,
      `${sshCommand(endpoint, ' -t')} sudo visudo -f /etc/sudoers.d/evcctl`,
    )
  if (hints.forbidden.test(said)) return forbidden(endpoint, shown)
  if (mode === 'sudo')
    return fail(
      `sudo asks for the password of ${user}, and none is given`,
      'spec.ssh.sudoPassword in cluster.yaml (fromEnv, fromFile or prompt), or NOPASSWD in the sudoers file',
      `${sshCommand(endpoint, ' -t')} sudo -v`,
    )
  return fail(
    `sudo refuses ${user} without asking for a password (exit code ${raw.exitCode})`,
    'sudo runs /bin/sh',
    `${sshCommand(endpoint, ' -t')} sudo -k /bin/sh -c id`,
  )
}

/** The password was asked for again; it is named by its label only. */
export function wrongPassword(endpoint: Endpoint, label: string, stderr: string): HostError {
  const said = saidIn(stderr)
  return hostError(endpoint, 'root', {
    problem: `sudo did not take the password of ${endpoint.user}`,
    expected: `the password of ${endpoint.user} there`,
    actual: `${label}: ${said === '' ? 'sudo asked again' : said}`,
    next: `Correct what ssh.sudoPassword in cluster.yaml names. To try a password by hand: ${sshCommand(endpoint, ' -t')} sudo -k -v`,
  })
}

/** Sudo took the password, or did not, and ended all the same: only its words can tell which. */
export function refusedAfterPassword(endpoint: Endpoint, label: string, exitCode: number, stderr: string): HostError {
  const said = saidIn(stderr)
  const shown = `${label}: ${said === '' ? `exit code ${exitCode}, and no output` : said}`
  if (hints.expired.test(said)) return expiredAfterPassword(endpoint, shown)
  if (hints.forbidden.test(said)) return forbidden(endpoint, said)
  return hostError(endpoint, 'root', {
    problem: `sudo did not let ${endpoint.user} become root with the password given (exit code ${exitCode})`,
    expected: `the right password, and a line for ${endpoint.user} in the sudoers file`,
    actual: shown,
    next: `To see which of the two is missing: ${sshCommand(endpoint, ' -t')} sudo -k -l`,
  })
}

/** Sudo neither lets in nor refuses nor asks for the password again, so it waits for something that nobody gives. */
export function silentAfterPassword(endpoint: Endpoint, label: string, seconds: number, stderr: string): HostError {
  const said = saidIn(stderr)
  const shown = `${label}: ${said === '' ? `nothing within ${seconds} s` : said}`
  if (hints.expired.test(said)) return expiredAfterPassword(endpoint, shown)
  return hostError(endpoint, 'root', {
    problem: `sudo has neither let ${endpoint.user} in nor refused within ${seconds} s after the password`,
    expected: 'no further question (a new password, a second factor)',
    actual: shown,
    next: `To see what it waits for: ${sshCommand(endpoint, ' -t')} sudo -k true`,
  })
}

function expiredAfterPassword(endpoint: Endpoint, actual: string): HostError {
  return hostError(endpoint, 'root', {
    problem: `the password of ${endpoint.user} has expired`,
    expected: 'a password that is valid: sudo takes no other',
    actual,
    next: `${sshCommand(endpoint, ' -t')} passwd   (then correct what ssh.sudoPassword in cluster.yaml names)`,
  })
}

function forbidden(endpoint: Endpoint, actual: string): HostError {
  const { user } = endpoint
  return hostError(endpoint, 'root', {
    problem: `${user} may not become root`,
    expected: `a line "${user} ALL=(ALL) NOPASSWD: ALL" in the sudoers file`,
    actual,
    next: `${sshCommand({ ...endpoint, user: 'root' })} usermod -aG sudo ${user}`,
  })
}

// Words of sudo, sudo-rs and sshd in English. They choose between messages and decide nothing.
const hints = {
  expired: /password.{0,40}expired|expired.{0,40}password|password change required/i,
  terminal: /must have a tty/i,
  forbidden: /not in the sudoers|may not run sudo|not allowed to/i,
}

// What the host said, without the marks of evcctl. Credentials are hidden before evcctl's own words stand before it.
function saidIn(stderr: string): string {
  const words = stderr
    .replaceAll(passwordPrompt, '')
    .replaceAll(new RegExp(`${loginReady}\\d*\\s?`, 'g'), '')
    .trim()
  return hideInOutput(words)
}
