export { withProxies } from './environment.ts'
export * from './on-disk.ts'
export * from './quote.ts'
