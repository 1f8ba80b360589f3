/** Prints a line `<key>=<base64 of the file>`, if the file exists. */
export function printFile(key: string, path: string): string {
  return `if [ -f ${path} ]; then printf '${key}='; base64 -w 0 <${path}; echo; fi\n`
}

/** Parses the output of printFile; empty when the file does not exist. */
export function decodeFile(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8')
}
