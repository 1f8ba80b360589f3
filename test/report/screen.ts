import { EventEmitter } from 'node:events'
import { Terminal } from '@xterm/headless'

/** A terminal that keeps what a person would see: it understands cursor movements and breaks long lines. */
export class Screen extends EventEmitter {
  readonly #terminal: Terminal
  /** Everything that was written, with escape sequences. */
  written = ''

  constructor(columns: number, rows: number) {
    super()
    // A real terminal's driver turns \n into \r\n.
    this.#terminal = new Terminal({ cols: columns, rows, allowProposedApi: true, convertEol: true, scrollback: 1000 })
  }

  get columns(): number {
    return this.#terminal.cols
  }

  get rows(): number {
    return this.#terminal.rows
  }

  write(text: string): void {
    this.written += text
    this.#terminal.write(text)
  }

  /** Resizes the window as a user does: lines are wrapped again, then programs get the signal. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.#settled()
    this.#terminal.resize(columns, rows)
    this.emit('resize')
    await this.#settled()
  }

  /** All lines: first those scrolled away, then those on the screen, without empty ones at the end. */
  async lines(): Promise<string[]> {
    await this.#settled()
    const buffer = this.#terminal.buffer.active
    const lines = Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? '')
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  /** How many lines have left the screen at the top. */
  async scrolledAway(): Promise<number> {
    await this.#settled()
    return this.#terminal.buffer.active.baseY
  }

  /** Whether the last escape sequence about the cursor shows it. */
  get cursorShown(): boolean {
    return this.written.lastIndexOf('\u001b[?25h') >= this.written.lastIndexOf('\u001b[?25l')
  }

  #settled(): Promise<void> {
    return new Promise(resolve => this.#terminal.write('', resolve))
  }
}
