import stringWidth from 'string-width'
import type { LineCounter } from 'yaml'

const longestLine = 100

/** The line of a place in a text and the line before it, with the place underlined. */
export function excerpt(
  all: readonly string[],
  lines: LineCounter,
  { start, end }: { readonly start: number; readonly end: number },
): string {
  const position = lines.linePos(start)
  const line = Math.max(position.line, 1)
  const raw = withoutReturn(all[line - 1] ?? '')
  const column = Math.min(Math.max(position.col, 1), raw.length + 1) - 1
  // Long lines (flow mappings, pasted keys) are cut so that the place stays visible.
  const from = raw.length <= longestLine ? 0 : Math.max(0, column - 40)
  const shown = raw.slice(from, from + longestLine)
  const before = raw.slice(from, column)
  const marked = shown.slice(before.length, before.length + Math.max(1, end - start)).trimEnd()
  const gutter = String(line).length
  const result: string[] = []
  const previous = withoutReturn(all[line - 2] ?? '')
  if (previous.trim() !== '') result.push(`${String(line - 1).padStart(gutter)} │ ${previous.slice(0, longestLine)}`)
  result.push(`${line} │ ${shown}`)
  result.push(`${' '.repeat(gutter)} │ ${blank(before)}${'^'.repeat(Math.max(1, stringWidth(marked)))}`)
  return result.map(text => text.trimEnd()).join('\n')
}

// Spaces as wide as the text on a terminal, so that the mark is below its place even after wide characters and tabs.
function blank(text: string): string {
  return text
    .split('\t')
    .map(part => ' '.repeat(stringWidth(part)))
    .join('\t')
}

function withoutReturn(line: string): string {
  return line.replace(/\r$/, '')
}
