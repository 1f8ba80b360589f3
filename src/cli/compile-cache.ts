import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

const writableByOthers = 0o022
const sticky = 0o1000

/**
 * The folder for Node's compile cache: `evcctl/compiled` in `$XDG_CACHE_HOME`, else in `~/.cache`; created with mode 0700.
 * Node runs the cached code without checking it. So the result is undefined (no cache) if anybody but root and this user
 * could write to the folder or replace one of its parent folders.
 */
export function compileCacheFolder(env: NodeJS.ProcessEnv = process.env, home = homedir()): string | undefined {
  const caches = env.XDG_CACHE_HOME?.startsWith('/') ? env.XDG_CACHE_HOME : join(home, '.cache')
  const folder = join(caches, 'evcctl', 'compiled')
  try {
    if (!isAbsolute(folder) || !isOurs(folder)) return undefined
    const found = lstatSync(folder)
    const own = found.isDirectory() && found.uid === process.getuid?.() && (found.mode & writableByOthers) === 0
    return own ? realpathSync(folder) : undefined
  } catch {
    // Without a cache evcctl only starts more slowly, so a full disk or a read-only home is no error here.
    return undefined
  }
}

// Checks from the root downwards, so that nothing is created in a folder of another user.
function isOurs(path: string): boolean {
  const parent = dirname(path)
  if (parent !== path && !isOurs(parent)) return false
  const found = lstatSync(path, { throwIfNoEntry: false }) ?? made(path)
  if (found.uid !== 0 && found.uid !== process.getuid?.()) return false
  if (found.isSymbolicLink()) return isOurs(realpathSync(path))
  // In a folder with the sticky bit, such as /tmp, nobody can move or replace files of another user.
  return (found.mode & writableByOthers) === 0 || (found.mode & sticky) !== 0
}

function made(path: string) {
  mkdirSync(path, { mode: 0o700 })
  return lstatSync(path)
}
