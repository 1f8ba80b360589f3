/**
 * Words of sh that stand for all that lies in a folder, hidden names too, those that begin with two dots among them. A
 * pattern that fits nothing stays as it is, so whoever goes through them has to look whether each is there.
 */
export function everyEntry(folder: string): string {
  return `${folder}/* ${folder}/.[!.]* ${folder}/..?*`
}
