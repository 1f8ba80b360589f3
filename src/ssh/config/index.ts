import { userInfo } from 'node:os'
import { expandHome } from '../home.ts'
import { readConfigLines } from './lines.ts'
import { type HostSettings, settingsOf } from './settings.ts'

export type { AlgorithmList, HostSettings } from './settings.ts'

/** The OpenSSH client configuration, ready to be asked. */
export interface SshConfig {
  /** The default known_hosts files of the machine, read beside those of the user. */
  readonly systemFiles: boolean
  /**
   * What it says of a host; `given` is what cluster.yaml says, which wins, as ssh's command line. Raises UserError with
   * file and line.
   */
  settings(
    alias: string,
    given?: { readonly user?: string | undefined; readonly port?: number | undefined },
  ): HostSettings
}

const systemFile = '/etc/ssh/ssh_config'

/**
 * Reads ~/.ssh/config and then /etc/ssh/ssh_config, or only `file` where one is named, as `ssh -F`. Files need not
 * exist. Raises UserError with file and line for what ssh refuses, too. Nothing in them is ever run.
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
