import type { SshTarget } from '../core/ssh-target.ts'
import type { HostSettings } from './config/index.ts'
import { expandHome } from './home.ts'

/** How the host key of an endpoint is judged. */
export interface EndpointKnownHosts {
  /** The name to look up: the host, `[host]:port`, or HostKeyAlias. */
  readonly name: string
  /** The host where `name` has a port: a key that is known under it alone is taken as well, as OpenSSH does. */
  readonly nameWithoutPort: string | undefined
  /** Files of the user; the first is written to. */
  readonly files: readonly string[]
  /** Files of the machine, only read. */
  readonly globalFiles: readonly string[]
  /** RevokedHostKeys: public keys, one a line. */
  readonly revokedFile: string | undefined
  readonly policy: 'strict' | 'accept-new'
  /** True: an unknown key that can be recorded nowhere is refused even by accept-new. */
  readonly mustRecord: boolean
  readonly acceptCommand: string
}

const userFiles = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']
const systemFiles = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

/**
 * Which files and which policy count for a host. What cluster.yaml says wins, for jump hosts as well. The files of the
 * machine are read even where cluster.yaml names one: what an administrator revoked there stays revoked. `off` of
 * StrictHostKeyChecking is taken as accept-new: a key that changed is always refused.
 */
export function knownHostsOf(
  target: SshTarget,
  settings: HostSettings,
  at: { readonly host: string; readonly port: number; readonly systemFiles: boolean },
  files: readonly string[] | undefined,
): EndpointKnownHosts {
  const { policy, acceptNew, acceptCommand } = target.knownHosts
  const checking = settings.strictHostKeyChecking
  const name = lookupName(settings.hostKeyAlias, at.host, at.port)
  const decided = policy ?? (checking === 'off' ? 'accept-new' : checking) ?? 'strict'
  return {
    name,
    nameWithoutPort: settings.hostKeyAlias !== undefined || at.port === 22 ? undefined : at.host.toLowerCase(),
    files: (files ?? userFiles).map(expandHome).filter(file => file !== '/dev/null'),
    globalFiles: settings.globalKnownHostsFiles ?? (at.systemFiles ? systemFiles : []),
    revokedFile: settings.revokedHostKeysFile,
    policy: acceptNew === true ? 'accept-new' : decided,
    mustRecord: acceptNew === true && decided === 'strict',
    acceptCommand: acceptCommand ?? 'evcctl ping --accept-new',
  }
}

// As OpenSSH writes them: the port is only named where it is not 22.
function lookupName(alias: string | undefined, host: string, port: number): string {
  if (alias !== undefined) return alias.toLowerCase()
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}
