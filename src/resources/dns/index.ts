/** CoreDNS: the placement of its pods, and the copy of it on every node. */

export * from './node-dns.ts'
export * from './placement.ts'
