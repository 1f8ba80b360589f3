/** systemd units, their starts, and the files with which they last ran well. */

export * from './kept-files.ts'
export * from './settle.ts'
export * from './state.ts'
export * from './unit.ts'
