import { hideInLines } from './credential-blocks.ts'
import { hidden, isSuspicious, type Line } from './credential-line.ts'
import type { Origin } from './credential-messages.ts'

const privateKey = /(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)[\s\S]*?(-----END|$)/g

// More than anybody reads.
const longestText = 256 * 1024
// Of those that may name a credential. The others cost little.
const mostSearched = 20_000

// All that a pattern does not match with a dot. Otherwise one in a line would keep patterns busy, and the value before one be shown.
// Empty lines belong to the end of the line before: there may be very many of them.
const lineEnds = /[\n\r\u2028\u2029]+/g

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
  if (!isSuspicious(text)) return text
  return hideInLines(linesOf(text.replace(privateKey, `$1\n${hidden}\n$2`)), origin)
    .map(line => line.text + line.end)
    .join('')
}

// If very many lines have to be searched, those up to the last that is.
function linesOf(text: string): readonly Line[] {
  const lines: Line[] = []
  let at = 0
  let searched = 0
  for (const { 0: end, index } of text.matchAll(lineEnds)) {
    const line = text.slice(at, index)
    if (isSuspicious(line) && ++searched > mostSearched) {
      lines.push({ text: `(${text.length - at} more characters that are not shown)`, end: '' })
      return lines
    }
    lines.push({ text: line, end })
    at = index + end.length
  }
  lines.push({ text: text.slice(at), end: '' })
  return lines
}
