/** Container runtimes: the one that a node has, and its logins at registries. */

export * from './node-runtime.ts'
export * from './registry-files.ts'
