import { X509Certificate } from 'node:crypto'
import { clusterAuthorities, type EndpointFacts, type ErrorDetails, hasSigned, isControlPlane } from '../index.ts'
import { type CheckedCluster, type Finding, finding, type KnownHost } from './finding.ts'

/** Facts about the cluster to which the endpoint has to lead. */
interface Cluster {
  readonly endpoint: string
  /** The CA of the cluster, or both while one replaces the other; none as long as there is no cluster. */
  readonly authorities: readonly X509Certificate[]
  /** The path of the CA certificate on control plane nodes. */
  readonly caPath: string
  /** How people renew what API servers show. */
  readonly renew: string
  /** Whether any control plane node listens on the port of its API server. */
  readonly serves: boolean
}

type Problem = Omit<ErrorDetails, 'where'>

/**
 * Checks an external load balancer as each node finds it. Its name has to have an address, and it has to accept a
 * connection or refuse it. If it presents a certificate, the cluster's own CA has to have signed that; before there is a
 * cluster, it must not present any. If it presents none although an API server listens, that is a finding, too.
 */
export function* endpointChecks(
  { spec, distribution }: CheckedCluster,
  hosts: readonly KnownHost[],
): Iterable<Finding> {
  const { endpoint, bindPort } = spec.controlPlane
  if (endpoint === undefined) return
  const controlPlane = hosts.filter(({ host }) => isControlPlane(host))
  const pem = controlPlane.map(({ facts }) => facts.endpoint?.clusterCa).find(found => found !== undefined)
  const authorities = clusterAuthorities(pem ?? '')
  // If the CA cannot be read, nothing can be said about the load balancer.
  if (pem !== undefined && authorities.length === 0) return
  const serves = controlPlane.some(({ facts }) => facts.listening.some(({ port }) => port === bindPort))
  const { api, byHand } = distribution
  const cluster = { endpoint, authorities, caPath: api.ca, renew: byHand.renewCertificates, serves }
  for (const { host, facts } of hosts) {
    const problem = facts.endpoint === undefined ? undefined : problemOf(facts.endpoint, cluster)
    if (problem !== undefined) yield finding('endpoint', host, problem)
  }
}

function problemOf(found: EndpointFacts, cluster: Cluster): Problem | undefined {
  const { endpoint } = cluster
  if (found.addresses.length === 0) return unresolved(endpoint)
  if (found.connection === 'timed out' || found.connection === 'failed') return unreachable(found, endpoint)
  const certificate = certificateOf(found.certificate)
  if (certificate !== undefined) return wrongCertificate(certificate, cluster)
  // Without openssl on the host, only the result of the connection is known.
  const silent = found.connection === 'refused' || found.asked
  return silent && cluster.serves ? unanswered(found, endpoint) : undefined
}

function wrongCertificate(
  certificate: X509Certificate,
  { endpoint, authorities, caPath, renew }: Cluster,
): Problem | undefined {
  if (authorities.length === 0) {
    return {
      problem: `Something answers at the API endpoint ${endpoint} already, although this cluster does not exist yet.`,
      expected: 'a load balancer that has no API server behind it yet',
      actual: describe(certificate),
      next: 'If another cluster is behind it, this cluster needs an endpoint of its own. The load balancer must pass TLS through unchanged.',
    }
  }
  if (!authorities.some(ca => hasSigned(ca, certificate))) {
    return {
      problem: `The API endpoint ${endpoint} does not lead to this cluster: it presents a certificate of another CA.`,
      expected: `a certificate signed by ${caPath} (SHA-256 ${authorities.map(ca => ca.fingerprint256).join(' or ')})`,
      actual: describe(certificate),
      next: 'Point the load balancer at the control plane nodes of this cluster, and let it pass TLS through unchanged.',
    }
  }
  if (certificate.validToDate.getTime() > Date.now()) return undefined
  return {
    problem: `The API endpoint ${endpoint} presents a certificate that has expired.`,
    expected: 'a certificate that is valid',
    actual: describe(certificate),
    next: `Renew it on the control plane nodes: ${renew}.`,
  }
}

function unresolved(endpoint: string): Problem {
  return {
    problem: `The host finds no address for the name of the API endpoint ${endpoint}.`,
    expected: 'an address',
    actual: 'none (getent ahosts)',
    next: 'Add the name to the zone of the name servers or to /etc/hosts, or correct spec.controlPlane.endpoint.',
  }
}

function unreachable({ addresses, connection, said }: EndpointFacts, endpoint: string): Problem {
  return {
    problem: `The host does not reach the API endpoint ${endpoint}.`,
    expected: 'a connection, which may be refused as long as there is no API server',
    actual: `${said === '' || connection === 'timed out' ? 'no answer within 5 s' : said} (${addresses.join(', ')})`,
    next: 'Check that the load balancer runs at that address, and that no firewall is in between.',
  }
}

function unanswered({ addresses, connection }: EndpointFacts, endpoint: string): Problem {
  return {
    problem: `The API endpoint ${endpoint} does not lead to an API server, although one listens.`,
    expected: "an answer with a certificate of the cluster's CA",
    actual: `${connection === 'refused' ? 'the connection was refused' : 'a connection without TLS'} (${addresses.join(', ')})`,
    next: 'Check that the load balancer forwards to all control plane nodes, to the right port, and that its health checks of them succeed.',
  }
}

function describe({ subject, issuer, validTo, fingerprint256 }: X509Certificate): string {
  const line = (name: string): string => name.split('\n').join(', ')
  return `${line(subject)}, issued by ${line(issuer)}, valid until ${validTo} (SHA-256 ${fingerprint256})`
}

function certificateOf(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem)
  } catch {
    return undefined
  }
}
