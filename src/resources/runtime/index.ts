/** Container runtimes: their files about registries. */

export * from './registry-files.ts'
