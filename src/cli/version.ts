import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** Version of evcctl, from its package.json: the next one above this file, in the sources as in a build. */
export function version(): string {
  const require = createRequire(import.meta.url)
  for (const up of ['../../package.json', '../../../package.json']) {
    try {
      return (require(fileURLToPath(new URL(up, import.meta.url))) as { version: string }).version
    } catch {
      // Sources lie two folders below the package, a build three.
    }
  }
  return 'unknown'
}
