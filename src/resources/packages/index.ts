/** Packages of the host's own package manager. */

export * from './packages.ts'
