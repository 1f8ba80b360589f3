import type { SshTarget } from '../core/ssh-target.ts'
import type { HostSettings } from './config/index.ts'
import { expandHome } from './home.ts'

/** How the host key of an endpoint is judged. */
export interface EndpointKnownHosts {
  /** The name to look up: the host, `[host]:port`, or HostKeyAlias. */
  readonly name: string
  /** The host alone, if `name` has a port. Like OpenSSH, evcctl also accepts a key that is known under it. */
  readonly nameWithoutPort: string | undefined
  /** Files of the user. New keys are recorded in the first. */
  readonly files: readonly string[]
  /** Files of the machine, which are only read. */
  readonly globalFiles: readonly string[]
  /** RevokedHostKeys: public keys, one a line. */
  readonly revokedFile: string | undefined
  readonly policy: 'strict' | 'accept-new'
  /** If true, even accept-new refuses an unknown key that cannot be recorded. */
  readonly mustRecord: boolean
  readonly acceptCommand: string
}

const userFiles = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']
const systemFiles = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']

/**
 * The known_hosts files and the policy for a host. The keys of cluster.yaml win, also for jump hosts. The files of the
 * machine are read even if cluster.yaml names a file, so that keys revoked there stay revoked. StrictHostKeyChecking `off`
 * means accept-new here, because a changed key is always refused.
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

// The name as OpenSSH writes it: with the port only if that is not 22.
function lookupName(alias: string | undefined, host: string, port: number): string {
  if (alias !== undefined) return alias.toLowerCase()
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
}
