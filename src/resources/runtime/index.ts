/** Container runtimes: which one a node has, and its files about registries. */

export * from './node-runtime.ts'
export * from './registry-files.ts'
