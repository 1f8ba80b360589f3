import { columnsOf } from './layout.ts'

/** What a live picture needs from a terminal. */
export interface Terminal {
  readonly columns?: number
  readonly rows?: number
  /** Characters that were written and are not shown yet: more than one picture when the terminal is stopped (^S). */
  readonly writableLength?: number
  write(text: string): unknown
}

const hideCursor = '\u001b[?25l'
const showCursor = '\u001b[?25h'
const eraseToLineEnd = '\u001b[K'
const eraseBelow = '\u001b[J'
// The size of some pictures of a large terminal.
const behind = 64 * 1024

/**
 * A few lines at the end of the output that are redrawn in place. The lines above them stay untouched, the picture never
 * enters the scrollback, and the cursor is shown again however the process ends.
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

  /** Replaces the picture. Each line must fit the terminal. Nothing is drawn while the terminal is stopped. */
  draw(lines: readonly string[]): void {
    if ((this.#terminal.writableLength ?? 0) > behind) return
    const body = lines.map(line => `${line}${eraseToLineEnd}\n`).join('')
    this.#terminal.write(`${this.#hide()}${this.#home()}${body}${eraseBelow}`)
    this.#drawn = lines
  }

  /** Prints lines above the picture, where they stay. */
  print(text: string): void {
    const lines = this.#drawn
    this.#terminal.write(`${this.#home()}${eraseBelow}${text}\n`)
    this.#drawn = []
    if (lines.length > 0) this.draw(lines)
  }

  /** Removes the picture and shows the cursor again; the next `draw` draws everything again. */
  clear(): void {
    if (this.#drawn.length > 0) this.#terminal.write(`${this.#home()}${eraseBelow}`)
    this.#drawn = []
    process.off('exit', this.#restore)
    this.#restore()
  }

  /**
   * For the case that other programs have written to the terminal: the old picture stays, and the next one is drawn below
   * it. The cursor is shown again.
   */
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

  // A terminal that became narrower has wrapped the drawn lines again, so they are counted at the current width.
  #home(): string {
    if (this.#drawn.length === 0) return ''
    const columns = this.#terminal.columns || 80
    const rows = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(columnsOf(line) / columns)), 0)
    return `\u001b[${rows}A\r`
  }
}
