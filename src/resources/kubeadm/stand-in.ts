import { quote } from '../../shell/quote.ts'

/**
 * A command line that runs `command` with `copy` mounted in the place of `path`, for that command alone. The command
 * overwrites the copy, which then replaces `path` by a rename once it is complete and on the disk. Without this, kubeadm
 * truncates the file that it writes, and a power cut in that moment leaves a node without configuration. Both paths have to
 * exist, as files or as folders. The mount is in a namespace of its own, so it ends with the command (unshare(1): mounts
 * are private there).
 */
export function withStandIn(copy: string, path: string, command: string): string {
  return `unshare -m sh -c 'mount --bind "$1" "$2" && shift 2 && exec "$@"' sh ${quote(copy)} ${quote(path)} ${command}`
}
