import type { HostError } from '../core/errors.ts'
import { quote } from '../shell/quote.ts'
import { hostError, sshCommand } from './failure.ts'
import type { Endpoint } from './resolve.ts'

/** How a host is made root: the login is root, sudo without a password, or sudo with one. */
export type RootMode = 'root' | 'sudo' | 'sudo with password'

/** What is run as root, always the same words: what differs travels on stdin. */
export type RootProgram = 'script' | 'receive'

/** What sudo prints when it wants the password. */
export const passwordPrompt = 'evcctl-password:'
/** What the shell behind sudo prints once it runs. */
export const rootReady = 'evcctl-root'
/** The line that follows the password. */
export const passwordEnd = 'evcctl-go'

const shell = '/bin/sh -s'
// One line of stdin is the script; all after it is for what the script starts. The shell reads byte by byte here.
const receive = 'IFS= read -r evcctl_line && eval "$evcctl_line"'

/** The command that becomes root, e.g. `sudo -k -n -- /bin/sh -s`. Passwords and scripts are never part of it. */
export function rootCommand(mode: RootMode, program: RootProgram): string {
  const plain = program === 'script' ? shell : `/bin/sh -c ${quote(receive)}`
  if (mode === 'root') return plain
  if (mode === 'sudo') return `sudo -k -n -- ${plain}`
  return `${passwordSudo} ${quote(afterPassword(program === 'script' ? `exec ${shell}` : receive))}`
}

/** The command that runs `program`, which finds `argument` as `$1`, as root. */
export function rootProgram(mode: RootMode, program: string, argument: string): string {
  const tail = `sh ${quote(argument)}`
  if (mode === 'root') return `/bin/sh -c ${quote(program)} ${tail}`
  if (mode === 'sudo') return `sudo -k -n -- /bin/sh -c ${quote(program)} ${tail}`
  return `${passwordSudo} ${quote(afterPassword(program))} ${tail}`
}

// -k: a cached login of sudo would leave the password line unread.
const passwordSudo = `sudo -k -S -p ${passwordPrompt} -- /bin/sh -c`

// Where sudo wants no password after all, the password line is still there: it is read and dropped, never run or printed.
function afterPassword(program: string): string {
  return `echo ${rootReady} >&2; IFS= read -r evcctl_line; [ "$evcctl_line" = ${passwordEnd} ] || IFS= read -r evcctl_line; ${program}`
}

/** True when another try with the password could help, judging by how `sudo -n` ended. */
export function mayWantPassword(exitCode: number, stderr: string): boolean {
  return exitCode !== 127 && exitCode !== 126 && !needsTerminal(stderr) && !/sudoers/i.test(stderr)
}

/** Why the host did not become root; `stderr` and `stdout` are what came instead of the script's beginning. */
export function rootError(
  endpoint: Endpoint,
  mode: RootMode,
  came: { readonly exitCode: number; readonly stdout: string; readonly stderr: string },
): HostError {
  const { user } = endpoint
  const said = [withoutPrompt(came.stderr), came.stdout.trim()].filter(text => text !== '').join('\n')
  const shown = said === '' ? `exit code ${came.exitCode}, and no output` : said
  const fail = (problem: string, expected: string, next: string): HostError =>
    hostError(endpoint, 'root', { problem, expected, came: shown, next })
  if (mode === 'root')
    return fail(
      `the shell of ${user} did not run the script`,
      '/bin/sh -s runs what it reads',
      `${sshCommand(endpoint)} /bin/sh -c id`,
    )
  if (came.exitCode === 127 || /sudo: (command )?not found|not found: sudo|unknown command: sudo/i.test(said))
    return fail(
      `sudo is not installed, and ${user} is not root`,
      'sudo, or a login as root',
      `${sshCommand({ ...endpoint, user: 'root' })}   (su -c 'apt-get install sudo' on it)`,
    )
  if (needsTerminal(said))
    return fail(
      'sudo wants a terminal (requiretty)',
      `a line "Defaults:${user} !requiretty" in the sudoers file`,
      `${sshCommand(endpoint, ' -t')} sudo visudo -f /etc/sudoers.d/evcctl`,
    )
  if (isForbidden(said))
    return fail(
      `${user} may not become root`,
      `a line "${user} ALL=(ALL) NOPASSWD: ALL" in the sudoers file`,
      `${sshCommand({ ...endpoint, user: 'root' })} usermod -aG sudo ${user}`,
    )
  if (/password|authentication/i.test(said))
    return fail(
      `sudo asks for the password of ${user}, and none is given`,
      'spec.ssh.sudoPassword in cluster.yaml (fromEnv, fromFile or prompt), or NOPASSWD in the sudoers file',
      `${sshCommand(endpoint, ' -t')} sudo -v`,
    )
  return fail(
    `${user} could not become root`,
    'sudo runs /bin/sh',
    `${sshCommand(endpoint, ' -t')} sudo -k /bin/sh -c id`,
  )
}

/** The password was refused; it is named by its label only. */
export function wrongPassword(endpoint: Endpoint, label: string, stderr: string): HostError {
  const said = withoutPrompt(stderr)
  return hostError(endpoint, 'root', {
    problem: `sudo did not take the password of ${endpoint.user}`,
    expected: `the password of ${endpoint.user} there`,
    came: `${label}: ${said === '' ? 'sudo asked again' : said}`,
    next: `Correct what ssh.sudoPassword in cluster.yaml names. To try a password by hand: ${sshCommand(endpoint, ' -t')} sudo -k -v`,
  })
}

/** True when sudo said that the user may not become root, whatever the password. */
export function isForbidden(stderr: string): boolean {
  return /sudoers|not allowed/i.test(stderr)
}

function withoutPrompt(stderr: string): string {
  return stderr.replaceAll(passwordPrompt, '').trim()
}

function needsTerminal(text: string): boolean {
  return /must have a tty/i.test(text)
}
