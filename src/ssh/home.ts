import { homedir } from 'node:os'

/** `~`, `~/x` with the home folder of the user who runs evcctl. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path
}
