import { userInfo } from 'node:os'
import { expandHome } from '../home.ts'
import { readConfigLines } from './lines.ts'
import { type HostSettings, settingsOf } from './settings.ts'

export type { AlgorithmList, HostSettings } from './settings.ts'

/** The OpenSSH client configuration. */
export interface SshConfig {
  /** Whether the default known_hosts files of the machine are read in addition to those of the user. */
  readonly systemFiles: boolean
  /**
   * The settings for a host. `given` comes from cluster.yaml and wins, like options on ssh's command line. Raises UserError
   * with file and line.
   */
  settings(
    alias: string,
    given?: { readonly user?: string | undefined; readonly port?: number | undefined },
  ): HostSettings
}

const systemFile = '/etc/ssh/ssh_config'

/**
 * Reads ~/.ssh/config and then /etc/ssh/ssh_config, or only `file` if it is given, like `ssh -F`. Files need not exist.
 * Raises UserError with file and line for what ssh would refuse as well. No command in the files is ever run.
 */
export function readSshConfig(file?: string): SshConfig {
  const files =
    file === undefined
      ? [
          readConfigLines(expandHome('~/.ssh/config'), { checkOwner: true }),
          readConfigLines(systemFile, { checkOwner: false }),
        ]
      : [readConfigLines(file, { checkOwner: false })]
  const cache = new Map<string, HostSettings>()
  return {
    systemFiles: file === undefined,
    settings(alias, { user, port } = {}) {
      const key = JSON.stringify([alias, user, port])
      const known = cache.get(key)
      if (known !== undefined) return known
      const query = {
        alias,
        localUser: userInfo().username,
        ...(user !== undefined && { user }),
        ...(port !== undefined && { port }),
      }
      const settings = settingsOf(files, query)
      cache.set(key, settings)
      return settings
    },
  }
}
