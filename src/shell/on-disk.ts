/**
 * A line of sh that waits until a file or folder is on the disk; `path` is a quoted word. Without it, a power cut can leave
 * a name without its content: XFS and ext4 write the two in any order. Old versions of busybox take no names; then all is
 * written.
 */
export function syncLine(path: string): string {
  return `{ sync -- ${path} 2>/dev/null || sync; }`
}

/** The same for all that is in some folders or files, quoted words: for what was written by a program that does not wait. */
export function syncTreeLine(paths: string): string {
  return `{ find ${paths} -xdev -exec sync -- {} + 2>/dev/null || sync; }`
}
