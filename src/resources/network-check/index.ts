/** The check that pods reach each other, Services and DNS, and its error messages. */

export * from './cause.ts'
export * from './network-check.ts'
export * from './pods.ts'
export * from './script.ts'
