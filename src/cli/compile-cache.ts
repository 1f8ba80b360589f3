import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

const writableByOthers = 0o022
const sticky = 0o1000

/**
 * The folder for Node's compile cache: `evcctl/compiled` in `$XDG_CACHE_HOME`, else in `~/.cache`; made with mode 0700.
 * Node runs what lies there as it is, so it is undefined (no cache) wherever anybody but root and this user could write to
 * the folder or exchange one that leads to it.
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
    // A start without a cache is only slower: a full disk or a home that cannot be written to is no error here.
    return undefined
  }
}

// From the root downwards, so that nothing is made in a folder of somebody else.
function isOurs(path: string): boolean {
  const parent = dirname(path)
  if (parent !== path && !isOurs(parent)) return false
  const found = lstatSync(path, { throwIfNoEntry: false }) ?? made(path)
  if (found.uid !== 0 && found.uid !== process.getuid?.()) return false
  if (found.isSymbolicLink()) return isOurs(realpathSync(path))
  // In a folder like /tmp, nobody can move or replace what belongs to another.
  return (found.mode & writableByOthers) === 0 || (found.mode & sticky) !== 0
}

function made(path: string) {
  mkdirSync(path, { mode: 0o700 })
  return lstatSync(path)
}
