/** The cluster's CA and the one that takes its place: see docs/design/ca-rotation.md. */

export * from './former-ca.ts'
export * from './handed-ca.ts'
export * from './known-nodes.ts'
export * from './kubelet-client.ts'
export * from './made-ca.ts'
export { ownAuthorities } from './own-authorities.ts'
export * from './published-ca.ts'
export * from './signing-ca.ts'
export * from './told-ca.ts'
export * from './trusted-ca.ts'
