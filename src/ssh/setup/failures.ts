import type { HostError } from '../../core/errors.ts'
import { hostError, sshCommand } from '../failure.ts'
import { shortPath } from '../home.ts'
import type { LoginRefused } from '../login.ts'
import type { Endpoint } from '../resolve.ts'
import { word } from '../word.ts'
import type { Authorized } from './authorize.ts'
import type { Machine } from './machine.ts'
import { isOwnAddress } from './own-address.ts'

/** The error if nothing listens on a machine. If that machine is the one that runs evcctl, the error says more. */
export async function unreachable(machine: Machine, error: HostError): Promise<HostError> {
  const { endpoint } = machine
  if (error.kind !== 'unreachable' || endpoint.via !== undefined || !(await isOwnAddress(endpoint.host))) return error
  return hostError(
    endpoint,
    'unreachable',
    {
      ...error.details,
      problem: `${error.details.problem}; it is this machine itself, which evcctl reaches by SSH like the others`,
      next: `sudo apt-get install -y openssh-server && sudo systemctl enable --now ssh   (Debian, Ubuntu)`,
    },
    error,
  )
}

export function behind(machine: Machine): HostError {
  return hostError(machine.endpoint, 'unreachable', {
    problem: `its jump host ${machine.via?.name} cannot be used yet; see there`,
  })
}

export function notConfirmed(machine: Machine): HostError {
  const { endpoint, progress } = machine
  return hostError(endpoint, 'host key', {
    problem: 'its host key was not confirmed. Nothing was sent.',
    actual: progress.fingerprint ?? '',
    next: 'Compare it on the machine: for key in /etc/ssh/ssh_host_*_key.pub; do ssh-keygen -lf $key; done\nthen run this again and say yes, or add --accept-new.',
  })
}

export function cannotRecord(machine: Machine, cause: unknown): HostError {
  const file = machine.endpoint.knownHosts.files[0]
  return hostError(
    machine.endpoint,
    'host key',
    {
      problem: 'its host key could not be recorded. Nothing was sent.',
      expected: 'a known_hosts file that can be written to',
      actual: cause instanceof Error ? cause.message : String(cause),
      next:
        file === undefined ? 'Name one: spec.ssh.knownHosts.file in cluster.yaml' : `ls -ld ${word(shortPath(file))}`,
    },
    cause,
  )
}

/** Whether the server may accept passwords. A server that ended the connection before it told its methods may. */
export function takesPasswords({ accepted }: LoginRefused): boolean {
  return accepted === undefined || accepted.includes('password') || accepted.includes('keyboard-interactive')
}

/** The error if the server accepts no passwords, so that the key must be installed in another way. */
export function keysOnly(machine: Machine, refusal: LoginRefused): HostError {
  const { endpoint, identityFile } = machine
  return hostError(
    endpoint,
    'login',
    {
      problem: `it does not let ${endpoint.user} in by password, and not yet with ${shortPath(identityFile)}`,
      expected: refusal.details.expected ?? '',
      actual: refusal.details.actual ?? '',
      next: `Put the line of ${shortPath(identityFile)}.pub into ~${endpoint.user}/.ssh/authorized_keys there by another way\n(its console, the cloud's settings, or with a key that is let in: ssh-copy-id -i ${word(shortPath(identityFile))} -o IdentityFile=OTHER_KEY ${word(`${endpoint.user}@${endpoint.host}`)})`,
    },
    refusal,
  )
}

/** The error if a password is needed but nobody can be asked for it. */
export function nobodyToAsk(machine: Machine, refusal: LoginRefused): HostError {
  const { endpoint, jumpHost } = machine
  const wrong = endpoint.password !== undefined
  return hostError(
    endpoint,
    'login',
    {
      problem: wrong
        ? `it did not take the password of ${endpoint.user} that cluster.yaml names`
        : `it wants the password of ${endpoint.user}, and there is no terminal to ask for it on`,
      actual: refusal.details.actual ?? '',
      next: jumpHost
        ? `Run this on a terminal, or: ${copyCommand(machine)}`
        : wrong
          ? `Correct what ssh.password in cluster.yaml names, or run this on a terminal.${rootHint(endpoint)}`
          : `Run this on a terminal, or set ssh.password: { fromEnv: NAME } in cluster.yaml and export NAME.`,
    },
    refusal,
  )
}

export function wrongPasswords(machine: Machine, tries: number, refusal: LoginRefused): HostError {
  const { endpoint } = machine
  return hostError(
    endpoint,
    'login',
    {
      problem: `it did not take the password of ${endpoint.user} (${tries === 1 ? '1 try' : `${tries} tries`})`,
      actual: refusal.details.actual ?? '',
      next: `To try it by hand: ${sshCommand(endpoint, ' -o PubkeyAuthentication=no')}${rootHint(endpoint)}`,
    },
    refusal,
  )
}

/** The error if the server refuses the key although authorized_keys has it. */
export function keyStillRefused(machine: Machine, authorized: Authorized, error: HostError): HostError {
  const { endpoint } = machine
  const open = /^.{5}w|^.{8}w/.test(authorized.home)
  return hostError(
    endpoint,
    'login',
    {
      problem: `the key is in ~${endpoint.user}/.ssh/authorized_keys, and sshd there does not take it`,
      expected: open
        ? 'a home folder that only its owner may write to (StrictModes of sshd)'
        : 'sshd reads ~/.ssh/authorized_keys, and its line has no options that refuse us',
      actual: [open ? authorized.home : undefined, error.details.actual].filter(text => text !== undefined).join('\n'),
      next: open
        ? `${sshCommand({ ...endpoint, identitiesGiven: false })} chmod go-w .`
        : `${sshCommand({ ...endpoint, identitiesGiven: false }, ' -t')} sudo sshd -T   (authorizedkeysfile, pubkeyauthentication, allowusers); its journal says more: journalctl -u ssh`,
    },
    error,
  )
}

/** The error if sudo accepted the typed password, which evcctl does not keep, and cluster.yaml names none. */
export function sudoPasswordMissing(machine: Machine): HostError {
  const { endpoint } = machine
  return hostError(endpoint, 'root', {
    problem: `sudo takes the password of ${endpoint.user}, but cluster.yaml does not say where to get it`,
    expected: 'ssh.sudoPassword in cluster.yaml; the password itself is kept nowhere',
    next: 'Set spec.ssh.sudoPassword: { prompt: true }   (or { fromEnv: NAME }, { fromFile: PATH }; also per host)',
  })
}

/** The error if sudo neither accepts nor refuses in time. */
export function noRootYet({ endpoint }: Machine, seconds: number): HostError {
  return hostError(endpoint, 'root', {
    problem: `sudo has not answered within ${seconds} s`,
    next: `To see what it waits for (often a directory server that is away): ${sshCommand(endpoint, ' -t')} sudo true`,
  })
}

function copyCommand({ endpoint, identityFile }: Machine): string {
  const port = endpoint.port === 22 ? '' : ` -p ${endpoint.port}`
  return `ssh-copy-id -i ${word(shortPath(identityFile))}${port} ${word(`${endpoint.user}@${endpoint.host}`)}`
}

function rootHint({ user }: Endpoint): string {
  return user === 'root'
    ? '\nsshd lets root in by password only with "PermitRootLogin yes": set ssh.user to a user with sudo instead.'
    : ''
}
