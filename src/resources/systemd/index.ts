/** Units of systemd, their starts, and the files with which they were last well. */

export * from './kept-files.ts'
export * from './settle.ts'
export * from './state.ts'
export * from './unit.ts'
