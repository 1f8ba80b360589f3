import { withoutSecretValues } from '../../core/credential-values.ts'
import type { Resource } from '../../core/resource.ts'
import { Secret } from '../../core/secret.ts'
import { type FileDesired, file } from './file.ts'
import type { FileState } from './file-survey.ts'

export interface ConfigurationFileParameters {
  /** Absolute path. */
  readonly path: string
  /** The whole content; a Secret where evcctl has put passwords into it. */
  readonly text: string | Secret
  /** The part of the content that the user wrote. */
  readonly patches: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A configuration file that the user wrote in part. If the user's part contains passwords, neither a plan nor other users
 * of the host can read the file.
 */
export function configurationFile({
  path,
  text,
  patches,
}: ConfigurationFileParameters): Resource<FileState, FileDesired, { readonly path: string }> {
  if (text instanceof Secret) return file({ path, mode: 0o600, content: text })
  return hasCredentials(patches)
    ? file({ path, mode: 0o600, content: new Secret(text, `content of ${path}`, 'document') })
    : file({ path, mode: 0o644, content: text })
}

// `registry.configs.<host>.auth` and headers with tokens (docs/cri/registry.md of containerd); options of log drivers, and proxies with a
// password in their URL (daemon.json of Docker).
function hasCredentials(patches: unknown): boolean {
  return JSON.stringify(withoutSecretValues(patches)) !== JSON.stringify(patches)
}
