/** Keys, requests and certificates that are created on the hosts. */

export * from './certificate.ts'
export * from './certificate-authority.ts'
export * from './certificate-request.ts'
export * from './renewal.ts'
export * from './signed-certificate.ts'
