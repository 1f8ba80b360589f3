/** Login settings of a host. Values other than the defaults are for tests of evcctl's own SSH. */
export interface HostLogin {
  /** Default `evcctl`; `root` logs in directly. */
  readonly user?: string
  /** Whether the cluster's key is authorised. Default true. */
  readonly key?: boolean
  /** A password for the user; with it sshd also accepts passwords. Default: none. */
  readonly password?: string
  /** Default `without password`. */
  readonly sudo?: 'without password' | 'with password' | 'none'
  /** Default [22]. */
  readonly sshPorts?: readonly number[]
  /** Further lines of sshd_config, in front of Debian's own. */
  readonly sshdConfig?: readonly string[]
  /** 32 hex digits. Default: a fresh one. */
  readonly machineId?: string
  /** Shell commands that run as root before the host starts for the first time. */
  readonly setup?: string
}

/** The default login name of a host. */
export const defaultUser = 'evcctl'

/** The shell script that creates the user of a host and configures sshd and sudo. It runs once, before systemd. Pure. */
export function firstBootScript(login: HostLogin, publicKey: string): string {
  const user = login.user ?? defaultUser
  const home = user === 'root' ? '/root' : `/home/${user}`
  const lines = ['set -eu']
  if (user !== 'root') lines.push(`useradd --create-home --shell /bin/bash ${quoted(user)}`)
  if (login.key ?? true) {
    lines.push(
      `install -d -m 0700 -o ${quoted(user)} -g ${quoted(user)} ${home}/.ssh`,
      `printf '%s\\n' ${quoted(publicKey)} >${home}/.ssh/authorized_keys`,
      `chown ${quoted(user)}: ${home}/.ssh/authorized_keys`,
      `chmod 0600 ${home}/.ssh/authorized_keys`,
    )
  }
  if (login.password !== undefined) lines.push(`printf '%s\\n' ${quoted(`${user}:${login.password}`)} | chpasswd`)
  lines.push(...sudoers(user, login.sudo ?? 'without password'), ...sshd(login, user))
  if (login.machineId !== undefined) lines.push(`echo ${quoted(login.machineId)} >/etc/machine-id`)
  if (login.setup !== undefined) lines.push(login.setup)
  return `${lines.join('\n')}\n`
}

function sudoers(user: string, sudo: NonNullable<HostLogin['sudo']>): string[] {
  if (user === 'root' || sudo === 'none') return []
  const tag = sudo === 'without password' ? 'NOPASSWD: ' : ''
  return [
    `echo ${quoted(`${user} ALL=(ALL:ALL) ${tag}ALL`)} >/etc/sudoers.d/evcctl`,
    'chmod 0440 /etc/sudoers.d/evcctl',
  ]
}

function sshd(login: HostLogin, user: string): string[] {
  const password = login.password !== undefined
  const config = [
    ...(login.sshdConfig ?? []),
    ...(login.sshPorts ?? []).map(port => `Port ${port}`),
    `PasswordAuthentication ${password ? 'yes' : 'no'}`,
    ...(user === 'root' && password ? ['PermitRootLogin yes'] : []),
  ]
  return [`printf '%s\\n' ${config.map(quoted).join(' ')} >/etc/ssh/sshd_config.d/evcctl.conf`]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
