export * from './on-disk.ts'
export * from './quote.ts'
