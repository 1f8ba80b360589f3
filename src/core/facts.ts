/** The lines of each section that a host printed; a section that was not printed is empty. */
export type Sections = (name: string) => readonly string[]

/** A group of facts: what prints them on a host, and what makes them of what was printed. */
export interface FactModule<T extends object = object> {
  /**
   * Part of the one script that reads a host: POSIX sh as root, read-only, with what busybox and minimal Debian have. It ends
   * with a newline. Each of its sections begins with `at NAME` (`first NAME FILE`: the section is the first line of a file),
   * and no other part has one of that name. `all` prints its input without a process. The parts run one after the other in
   * one shell, so what must not reach the next part (`exit`, `export`) is in a subshell.
   */
  readonly script: string
  /** Sections whose lines hold whole files: they may have 256 KiB a line instead of 4. */
  readonly longSections?: readonly string[]
  /** How much longer than `limits.factsMs` the host may take because of it, ms. */
  readonly timeoutMs?: number
  /**
   * Makes the facts. A missing section is a normal value. Facts go into files, scripts and certificates of other hosts, and to
   * the terminal: throws Error for what is not what it is called.
   */
  readonly parse: (sections: Sections) => T
}

/** What a list of modules tells of a host, all in one object. */
export type FactsOf<Modules extends readonly FactModule[]> = Modules extends readonly [
  FactModule<infer First>,
  ...infer Rest extends readonly FactModule[],
]
  ? First & FactsOf<Rest>
  : unknown

/** What the reading itself tells of a host, whatever it was asked for. */
export interface HostReading {
  readonly host: string
  /** Host clock minus controller clock, corrected by half the exchange's round trip, ms. */
  readonly clockOffsetMs: number
  /** Round trip of the facts exchange, ms. */
  readonly roundTripMs: number
}
