/** The lines of each section that a host printed; a section that was not printed is empty. */
export type Sections = (name: string) => readonly string[]

/** A group of facts: the script that prints them on a host, and the parser that turns the output into facts. */
export interface FactModule<T extends object = object> {
  /**
   * One part of the script that reads a host. It is read-only POSIX sh, runs as root, and uses only commands that busybox
   * and minimal Debian have. It ends with a newline. Each of its sections begins with `at NAME`, or is the first line of a
   * file: `first NAME FILE`. No other part has a section of that name. `all` prints its input without starting a process.
   * The parts run one after the other in one shell, so `exit` and `export` belong in a subshell.
   */
  readonly script: string
  /** Sections whose lines hold whole files. Such lines are cut at 256 KiB instead of 4 KiB. */
  readonly longSections?: readonly string[]
  /** Time that this module adds to `limits.factsMs`, ms. */
  readonly timeoutMs?: number
  /**
   * Makes the facts. A missing section is not an error. Facts get into files, scripts and certificates of other hosts and to
   * the terminal, so it throws Error for a value that does not have the expected form.
   */
  readonly parse: (sections: Sections) => T
}

/** The facts of a list of modules, all in one object. */
export type FactsOf<Modules extends readonly FactModule[]> = Modules extends readonly [
  FactModule<infer First>,
  ...infer Rest extends readonly FactModule[],
]
  ? First & FactsOf<Rest>
  : unknown

/** Facts that come from the exchange itself, whatever modules it has. */
export interface HostReading {
  readonly host: string
  /** Host clock minus controller clock, corrected by half the exchange's round trip, ms. */
  readonly clockOffsetMs: number
  /** Round trip of the facts exchange, ms. */
  readonly roundTripMs: number
}
