import { columnsOf } from './layout.ts'

/** What a live picture needs of a terminal. */
export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  /** What was written and is not shown yet, characters: more than a picture where the terminal is stopped (^S). */
  readonly writableLength?: number
  write(text: string): unknown
}

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const eraseToLineEnd = '\u001b[K'
const eraseBelow = '\u001b[J'
// Some pictures of a large terminal.
const behind = 64 * 1024

/**
 * A few lines at the end of the output that are redrawn in place. Nothing above them is touched, nothing of them goes
 * into the scrollback, and the cursor is given back on any way out of the process.
 */
export class LiveScreen implements Disposable {
  readonly #terminal: Terminal
  #drawn: readonly string[] = []
  #cursorHidden = false
  readonly #restore = () => {
    if (this.#cursorHidden) this.#terminal.write(showCursor)
    this.#cursorHidden = false
  }

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** Replaces the picture. Each line must fit the terminal. A terminal that is stopped is left alone until it goes on. */
  draw(lines: readonly string[]): void {
    if ((this.#terminal.writableLength ?? 0) > behind) return
    const body = lines.map(line => `${line}${eraseToLineEnd}\n`).join('')
    this.#terminal.write(`${this.#hide()}${this.#home()}${body}${eraseBelow}`)
    this.#drawn = lines
  }

  /** Lines that stay, above the picture. */
  print(text: string): void {
    const lines = this.#drawn
    this.#terminal.write(`${this.#home()}${eraseBelow}${text}\n`)
    this.#drawn = []
    if (lines.length > 0) this.draw(lines)
  }

  /** Takes the picture away and gives the cursor back; `draw` starts again. */
  clear(): void {
    if (this.#drawn.length > 0) this.#terminal.write(`${this.#home()}${eraseBelow}`)
    this.#drawn = []
    process.off('exit', this.#restore)
    this.#restore()
  }

  /** Others have written since: what was drawn stays where it is, and the next picture comes below it, with the cursor off. */
  forget(): void {
    this.#drawn = []
    process.off('exit', this.#restore)
    this.#restore()
  }

  [Symbol.dispose](): void {
    this.clear()
  }

  #hide(): string {
    if (this.#cursorHidden) return ''
    this.#cursorHidden = true
    process.on('exit', this.#restore)
    return hideCursor
  }

  // A terminal that became narrower has broken the drawn lines in other places, so they are counted at today's width.
  #home(): string {
    if (this.#drawn.length === 0) return ''
    const columns = this.#terminal.columns || 80
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0)
    return `\u001b[${rows}A\r`
  }
}
