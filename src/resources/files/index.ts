/** Files and folders of a host: their content, owner and mode. */

export * from './absent.ts'
export * from './configuration-file.ts'
export * from './directory.ts'
export * from './file.ts'
export * from './folders-before.ts'
export * from './template.ts'
