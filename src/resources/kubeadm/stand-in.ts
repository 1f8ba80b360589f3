import { quote } from '../../shell/quote.ts'

/**
 * A command line that runs `command` with `copy` in the place of `path`, for it alone: what it overwrites there in place is
 * the copy, which can be put in place by a rename when it is whole and on the disk. kubeadm truncates what it writes; a
 * power cut in that moment would leave a node without configuration. Both have to be there, as files or as folders. The
 * mount is in a namespace of its own, so that it ends with the command (unshare(1): mounts are private there).
 */
export function withStandIn(copy: string, path: string, command: string): string {
  return `unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh ${quote(copy)} ${quote(path)} ${command}`
}
