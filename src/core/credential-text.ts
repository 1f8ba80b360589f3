import { hideInLines } from './credential-blocks.ts'
import { hidden } from './credential-line.ts'

const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)[\s\S]*?(-----END|$)/g

// More than anybody reads.
const longestText = 256 * 1024

/**
 * Returns a text of a host with its passwords hidden, as far as they can be recognised: values of settings, flags and environment variables
 * with telling names, private keys, and credentials in URLs. Plans use it to show the content that they would replace.
 */
export function hideCredentials(text: string): string {
  if (text.length > longestText) return `(${text.length} characters that are not shown)`
  return hideInLines(text.replace(privateKey, `$1\n${hidden}\n$2`).split('\n')).join('\n')
}
