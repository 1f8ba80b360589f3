import sliceAnsi from 'slice-ansi'
import stringWidth from 'string-width'

/** Cuts a line to a number of terminal columns, with an ellipsis where text was cut. */
export function cut(line: string, columns: number): string {
  if (stringWidth(line) <= columns) return line
  return columns < 1 ? '' : `${sliceAnsi(line, 0, columns - 1)}…`
}

/** Pads a text with spaces to a number of terminal columns. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - stringWidth(text)))
}

/** Terminal columns of the widest text; 0 when there is none. */
export function widest(texts: Iterable<string>): number {
  let columns = 0
  for (const text of texts) columns = Math.max(columns, stringWidth(text))
  return columns
}

/** Wraps words into lines of at most so many columns; a longer word gets a line of its own. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ')) {
      if (line !== '' && stringWidth(line) + 1 + stringWidth(word) > columns) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines
}

/** Formats rows as a table: left-aligned columns with two spaces between them and none after the last. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell))
  }
  return rows.map(row =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : pad(cell, widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** Width in terminal columns, without escape sequences. */
export { stringWidth as columnsOf }
