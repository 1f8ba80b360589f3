/** The check that pods reach each other, Services and DNS, and what is said when they do not. */

export * from './cause.ts'
export * from './network-check.ts'
export * from './pods.ts'
export * from './script.ts'
