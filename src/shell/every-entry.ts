/**
 * Patterns of sh for all entries of a folder, with hidden ones and those that begin with two dots. A pattern that matches
 * nothing stays as it is, so a loop over the entries has to check whether each exists.
 */
export function everyEntry(folder: string): string {
  return `${folder}/* ${folder}/.[!.]* ${folder}/..?*`
}
