/**
 * The facts that evcctl reads on hosts before it decides anything: a module for each group of facts, and the list of all.
 */

export { withoutRoots } from './authorities.ts'
export {
  type CertificateFacts,
  certificatesScript,
  type FoundCertificate,
  parseCertificates,
  printCertificates,
  readCertificates,
} from './certificates.ts'
export type { DistributionFacts } from './distribution.ts'
export { type EndpointFacts, endpointFacts } from './endpoint.ts'
export { type AskedFacts, type HostFacts, hostFacts } from './host-facts.ts'
export { kubeletNameServerFacts } from './kubelet-name-servers.ts'
export { dropsFormerCa } from './kubernetes.ts'
export type { RemainsFacts } from './remains.ts'
export type { HostNetwork } from './routes.ts'
