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

/**
 * Lines of sh that make a mark, an empty file, and wait until it and its name are on the disk: what it guards begins after
 * that. `path` is absolute and needs no quotes.
 */
export function setMark(path: string): string {
  return `: >${path}\n${syncLine(`${path} ${folderOf(path)}`)}\n`
}

/**
 * Lines of sh that take a mark away and wait until the disk knows: after a power cut it would be back, and say of what is
 * done that it was cut off. What it guards has to be on the disk before. `path` is absolute and needs no quotes.
 */
export function clearMark(path: string): string {
  return `rm -f ${path}\n${syncLine(folderOf(path))}\n`
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
