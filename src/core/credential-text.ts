import { hideInLines } from './credential-blocks.ts'
import { hidden, type Line } from './credential-line.ts'
import type { Origin } from './credential-messages.ts'

const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)[\s\S]*?(-----END|$)/g

// More than anybody reads.
const longestText = 256 * 1024

// All that a pattern does not match with a dot. Otherwise one in a line would keep patterns busy, and the value before one be shown.
const lineEnd = /(\r\n|[\n\r\u2028\u2029])/

/**
 * Returns a text of a host with its passwords hidden, as far as they can be recognised: values of settings, flags and environment variables
 * with telling names, private keys, and credentials in URLs. Plans use it to show the content that they would replace. What ends the
 * lines stays as it is, so that files that differ only in that are still seen to differ.
 */
export function hideCredentials(text: string): string {
  return hideIn(text, 'content')
}

/**
 * The same for what a program printed, as its error: where it gives a reason after a telling name, the reason is shown. What has the form
 * of a setting, a flag or a header of HTTP is hidden there, too.
 */
export function hideInOutput(text: string): string {
  return hideIn(text, 'output')
}

function hideIn(text: string, origin: Origin): string {
  if (text.length > longestText) return `(${text.length} characters that are not shown)`
  return hideInLines(linesOf(text.replace(privateKey, `$1\n${hidden}\n$2`)), origin)
    .map(line => line.text + line.end)
    .join('')
}

function linesOf(text: string): readonly Line[] {
  // Splitting by a pattern with a group makes every second part a match of the group.
  const parts = text.split(lineEnd)
  const lines: Line[] = []
  for (let at = 0; at < parts.length; at += 2) lines.push({ text: parts[at]!, end: parts[at + 1] ?? '' })
  return lines
}
