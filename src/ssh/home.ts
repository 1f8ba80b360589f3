import { homedir } from 'node:os'

/** `~`, `~/x` with the home folder of the user who runs evcctl. */
export function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? homedir() + path.slice(1) : path
}

/** `~/.ssh/known_hosts` for a file in the home folder. */
export function shortPath(path: string): string {
  const home = `${homedir()}/`
  return path.startsWith(home) ? `~/${path.slice(home.length)}` : path
}
