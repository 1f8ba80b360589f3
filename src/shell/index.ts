export { withProxies } from './functions.ts'
export * from './on-disk.ts'
export * from './quote.ts'
