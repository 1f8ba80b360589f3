/**
 * A line of sh that waits until a file or folder is on the disk; `path` is a quoted word. Without this line, a power cut
 * can leave a name without its content: XFS and ext4 write the two in any order. sync of old versions of busybox takes no
 * names; it then writes everything.
 */
export function syncLine(path: string): string {
  return `{ sync -- ${path} 2>/dev/null || sync; }`
}

/** The same for all that is in some folders or files, quoted words: for what was written by a program that does not wait. */
export function syncTreeLine(paths: string): string {
  return `{ find ${paths} -xdev -exec sync -- {} + 2>/dev/null || sync; }`
}

/**
 * Lines of sh that create a mark (an empty file) and wait until the mark and its name are on the disk. The guarded work
 * begins after these lines. `path` is absolute and needs no quotes.
 */
export function setMark(path: string): string {
  return `: >${path}\n${syncLine(`${path} ${folderOf(path)}`)}\n`
}

/**
 * Lines of sh that remove a mark and wait until the removal is on the disk. Otherwise the mark could return after a power
 * cut, and say that finished work was interrupted. The guarded work has to be on the disk before these lines. `path` is
 * absolute and needs no quotes.
 */
export function clearMark(path: string): string {
  return `rm -f ${path}\n${syncLine(folderOf(path))}\n`
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'))
}
